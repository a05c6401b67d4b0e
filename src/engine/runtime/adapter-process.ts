/** The process of adapter.ts: says "ok", or why no GPU can be used. */
import { messageOf } from '../../core/errors.js';
import { encodeModel, Graph, mul } from '../graph/index.js';
import { float32 } from '../tensor/tensor.js';
import { Session } from './session.js';

try {
  const graph = new Graph('adapter');
  graph.output('y', mul(graph.input('x', 'float32', [3]), 2));
  const session = await Session.open(encodeModel(graph), { device: 'webgpu', label: 'test graph' });
  const { y } = await session.run({ x: float32([3], [1, 2, 3]) });
  const right = String(y?.data) === '2,4,6';
  process.stdout.write(right ? 'ok' : `The GPU computes 2 * [1,2,3] as [${y?.data}]: install another driver.`);
  await session.close();
} catch (error) {
  process.stdout.write(messageOf(error));
}
