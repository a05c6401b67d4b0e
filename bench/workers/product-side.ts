/** One side of floor.ts: a step is one product of two square matrices in ONNX Runtime, in the thread that asks for it. */
import { encodeModel, f, Graph, Random } from 'limn/engine';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { answerSteps } from './answer-steps.js';
import { givenOptions } from './options.js';

const { size, threads } = givenOptions<{ size: number; threads: number }>();
const graph = new Graph('product');
graph.output('c', f.matmul(graph.input('a', 'float32', [size, size]), graph.input('b', 'float32', [size, size])));
const session = await InferenceSession.create(encodeModel(graph), { intraOpNumThreads: threads });
const random = new Random(1);
const square = (value: () => number) => new Tensor('float32', Float32Array.from({ length: size * size }, value), [size, size]);
const drawn = () => square(() => random.uniform() - 0.5);
const feeds = { a: drawn(), b: drawn() };
// Without a place for it, each result would be copied out into new memory, which is no part of a product.
const fetches = { c: square(() => 0) };
await answerSteps({}, () => session.run(feeds, fetches));
