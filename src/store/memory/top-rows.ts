/** The rows of a matrix with the largest inner products with a vector: one ORT graph, MatMul then TopK. */
import { encodeModel, Graph, matmul } from '../../graph/index.js';
import { defineOperator, ShapeMistake } from '../../graph/registry.js';
import { Session } from '../../runtime/session.js';
import { float32, int64, tensor } from '../../tensor/tensor.js';

// ONNX TopK along the last axis: the largest first, of equal ones the lower index first.
defineOperator('TopK', {
  infer([x, k]) {
    const count = Number(k?.constant?.data[0] ?? Number.NaN);
    if (!x || !(count >= 1 && count <= (x.shape.at(-1) ?? 0))) {
      throw new ShapeMistake('k must be a constant from 1 to the extent of the last axis');
    }
    const shape = [...x.shape.slice(0, -1), count];
    return [
      { dtype: x.dtype, shape },
      { dtype: 'int64', shape },
    ];
  },
});

export class TopRows {
  private constructor(
    private readonly session: Session,
    /** How many rows a search gives. */
    readonly count: number,
  ) {}

  /**
   * Loads the matrix into a thread of its own.
   *
   * @param matrix (rows, width)
   * @param count rows to find, 1 to `rows`
   */
  static async open(matrix: Float32Array, rows: number, width: number, count: number): Promise<TopRows> {
    const graph = new Graph('top rows');
    const query = graph.input('query', 'float32', [1, width]);
    const scores = matmul(query, graph.input('matrix', 'float32', [rows, width]), { transB: true });
    const [, found] = graph.add('TopK', [scores, graph.constant(int64([1], [count]))], { axis: -1 });
    graph.output('rows', found!);
    const session = await Session.open(encodeModel(graph), { label: 'exact search', spin: false });
    await session.setResident({ matrix: tensor('float32', [rows, width], matrix) });
    return new TopRows(session, count);
  }

  /** @param query (width) @returns `count` rows, the best first */
  async find(query: Float32Array): Promise<number[]> {
    const { rows } = await this.session.run({ query: float32([1, query.length], query) });
    return Array.from(rows?.data as BigInt64Array, Number);
  }

  close(): Promise<void> {
    return this.session.close();
  }
}
