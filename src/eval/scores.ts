/** Scores of many queries against a gallery, a block of queries at a time, so that memory never holds the whole matrix. */
import { encodeModel, Graph, matmul } from '../graph/index.js';
import { Session } from '../runtime/session.js';
import { tensor } from '../tensor/tensor.js';

export interface Vectors {
  /** (n, width) */
  data: Float32Array;
  width: number;
}

export interface ScoreBlock {
  /** The first query of the block. */
  from: number;
  count: number;
  /** (count, gallery) inner products. */
  scores: Float32Array;
}

const blockRows = 256;

/** Inner products of every query with every gallery vector, in blocks of queries. */
export async function* blockScores(queries: Vectors, gallery: Vectors): AsyncGenerator<ScoreBlock> {
  const { width } = queries;
  const [total, size] = [queries.data.length / width, gallery.data.length / width];
  const graph = new Graph('scores');
  const asked = graph.input('queries', 'float32', [blockRows, width]);
  graph.output('scores', matmul(asked, graph.input('gallery', 'float32', [size, width]), { transB: true }));
  const session = await Session.open(encodeModel(graph), { label: 'scoring', spin: false });
  try {
    await session.setResident({ gallery: tensor('float32', [size, width], gallery.data) });
    for (let from = 0; from < total; from += blockRows) {
      const count = Math.min(blockRows, total - from);
      const block = new Float32Array(blockRows * width);
      block.set(queries.data.subarray(from * width, (from + count) * width));
      const result = await session.run({ queries: tensor('float32', [blockRows, width], block) });
      const scores = result.scores?.data as Float32Array;
      yield { from, count, scores: scores.subarray(0, count * size) };
    }
  } finally {
    await session.close();
  }
}
