/** A loss of one's own with the engine alone: a line through points with outliers, by the Huber loss. Run it: node own-loss.js */
import { f, float32, linear, Random, Session, trainingModel } from 'limn/engine';

const batch = 64;
const training = trainingModel({
  inputs: { x: { dtype: 'float32', shape: [batch, 1] }, y: { dtype: 'float32', shape: [batch, 1] } },
  trace(context, { x, y }) {
    const error = f.abs(f.sub(linear(context, 'line', x, 1), y));
    // Half the square of small errors, and the absolute value of large ones.
    const small = f.minimum(error, 1);
    const huber = f.add(f.mul(f.mul(small, small), 0.5), f.sub(error, small));
    return { loss: f.reduceMean(huber, [0, 1]), metrics: { largest: f.reduceMax(error, [0, 1]) } };
  },
  optimizer: { learningRate: 0.05, totalSteps: 300, weightDecay: 0 },
  random: new Random(1),
});

const { model, initialState, carry, inPlace } = training;
const session = await Session.open(model, { carry, inPlace });
await session.setResident(initialState);
const random = new Random(2);
for (let step = 0; step < 300; step++) {
  const x = Array.from({ length: batch }, () => random.normal());
  // y = 3 x - 2, but for one point in ten.
  const y = x.map((value) => (random.uniform() < 0.1 ? 50 : 3 * value - 2));
  const { loss } = await session.run({ x: float32([batch, 1], x), y: float32([batch, 1], y) });
  if (step % 100 === 99) console.log(`step ${step + 1}: loss ${loss.data[0].toFixed(3)}`);
}
const { 'line.weight': weight, 'line.bias': bias } = await session.getResident(['line.weight', 'line.bias']);
console.log(`y = ${weight.data[0].toFixed(2)} x + ${bias.data[0].toFixed(2)}`);
await session.close();
