/** One side of floor.mjs: a step is one product of two square matrices in ONNX Runtime, in the thread that asks for it. */
import ort from 'onnxruntime-node';
import { Random } from '../dist/core/random.js';
import { encodeModel, Graph, matmul } from '../dist/engine/graph/index.js';
import { answerSteps } from './answer-steps.mjs';

const { size, threads } = JSON.parse(process.argv[2]);
const graph = new Graph('product');
const [a, b] = ['a', 'b'].map((name) => graph.input(name, 'float32', [size, size]));
graph.output('c', matmul(a, b));
const session = await ort.InferenceSession.create(encodeModel(graph), { intraOpNumThreads: threads });
const random = new Random(1);
const drawn = () =>
  new ort.Tensor(
    'float32',
    Float32Array.from({ length: size * size }, () => random.uniform() - 0.5),
    [size, size],
  );
const feeds = { a: drawn(), b: drawn() };
// Without a place for it, each result would be copied out into new memory, which is no part of a product.
const fetches = { c: new ort.Tensor('float32', new Float32Array(size * size), [size, size]) };
await answerSteps({}, () => session.run(feeds, fetches));
