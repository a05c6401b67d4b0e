/**
 * Scores of many queries against a gallery. ONNX Runtime estimates them in float32, a block of queries at a time, so that memory
 * never holds the whole matrix; it sums in an order of its own, so an estimate may be off in its last digits. How far is
 * bounded, and whatever lies so close that the order could change is scored again by {@link dot}, of doubles where they are given. Ranks are therefore those of
 * a plain double loop over `dot`, at the speed of a matrix product.
 */

import { dot } from '../../core/dot.js';
import { throwIfAborted } from '../../core/errors.js';
import type { OnProgress } from '../../core/progress.js';
import { encodeModel, Graph, matmul } from '../../engine/graph/index.js';
import { Session } from '../../engine/runtime/session.js';
import { tensor } from '../../engine/tensor/tensor.js';
import { countOf, lengthsOf, type RawVectors } from './vectors.js';

/** One query's scores of a gallery; higher is better. */
export interface QueryScores {
  /** [gallery] */
  readonly estimates: Float32Array;
  /** No estimate is further than this from the exact score. */
  readonly slack: number;
  /** The exact score of one gallery row. */
  exact(index: number): number;
}

const mostRows = 256;
/** 16 MiB of float32. */
const mostScores = 2 ** 22;

/**
 * The scores of every query, in order.
 *
 * @throws LimnError NOT_FINITE when a vector holds NaN or infinity
 */
export async function* scoreQueries(
  queries: RawVectors,
  gallery: RawVectors,
  { signal, onProgress }: { signal?: AbortSignal | undefined; onProgress?: OnProgress | undefined } = {},
): AsyncGenerator<QueryScores> {
  const { width } = queries;
  const [total, size] = [countOf(queries), countOf(gallery)];
  const queryLengths = lengthsOf(queries, (row) => `query ${row + 1}`);
  const longest = lengthsOf(gallery, (row) => `gallery row ${row + 1}`).reduce((most, length) => Math.max(most, length), 0);
  if (total === 0) return;

  const rounded = [queries, gallery].some(({ data }) => data instanceof Float64Array);
  const rows = Math.max(1, Math.min(mostRows, total, Math.floor(mostScores / size)));
  const graph = new Graph('scores');
  const asked = graph.input('queries', 'float32', [rows, width]);
  graph.output('scores', matmul(asked, graph.input('gallery', 'float32', [size, width]), { transB: true }));
  // The bound on the rounding is that of the CPU's float32.
  const session = await Session.open(encodeModel(graph), { label: 'scoring', device: 'cpu' });
  try {
    await session.setResident({ gallery: tensor('float32', [size, width], asFloat32(gallery)) });
    for (let from = 0; from < total; from += rows) {
      throwIfAborted(signal, 'ranking the gallery');
      const count = Math.min(rows, total - from);
      const block = new Float32Array(rows * width);
      block.set(queries.data.subarray(from * width, (from + count) * width));
      const result = await session.run({ queries: tensor('float32', [rows, width], block) }, { transfer: true });
      const scores = result.scores?.data as Float32Array;
      for (let i = 0; i < count; i++) {
        yield {
          estimates: scores.subarray(i * size, (i + 1) * size),
          slack: slackOf(width, queryLengths[from + i] as number, longest, rounded),
          exact: (index) => dot(queries.data, (from + i) * width, gallery.data, index * width, width),
        };
      }
      onProgress?.({ stage: 'rank queries', done: from + count, total });
    }
  } finally {
    await session.close();
  }
}

/**
 * How far a float32 inner product, summed in any order, can be from the double one: n u / (1 - n u) times the product of the
 * lengths (Higham, "Accuracy and Stability of Numerical Algorithms", section 3.1), with a hundredth more for the rounding
 * of the double sum and of the comparison, and what may be lost below the smallest normal number. Doubles were rounded before, each by
 * u of itself, or by less than the smallest float32.
 */
function slackOf(width: number, query: number, longest: number, rounded: boolean): number {
  const product = query * longest;
  if (!(product < 2 ** 126 && Math.max(query, longest) < 2 ** 126)) return Number.POSITIVE_INFINITY;
  const relative = (width + (rounded ? 3 : 0)) * 2 ** -24;
  const lost = width * (2 ** -125 + (rounded ? 2 ** -149 * (query + longest) : 0));
  return 1.01 * (relative / (1 - relative)) * product + lost;
}

const asFloat32 = ({ data }: RawVectors) => (data instanceof Float32Array ? data : Float32Array.from(data));
