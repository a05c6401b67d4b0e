/**
 * Imports every node test that scripts/reference/onnx_node_tests.py wrote, and says for each: agree, refused (why) or WRONG.
 * Float inputs are fed and then, where there are any, others are constants; gradients are compared with central differences.
 *
 *     npx tsx scripts/check-node-tests.mjs FOLDER [--list] [NAME...]
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import { encodeModel, Graph, gradients, mul, readModel, reduceSum } from '../src/engine/graph/index.js';
import { newArray, sizeOf } from '../src/engine/tensor/tensor.js';

const [folder, ...rest] = process.argv.slice(2);
const only = rest.filter((word) => !word.startsWith('--'));
const list = rest.includes('--list');

function unpack([dtype, shape, content]) {
  const bytes = Uint8Array.from(Buffer.from(content, 'base64'));
  const computed = dtype.startsWith('float') ? 'float32' : dtype;
  return { dtype: computed, shape, data: newArray(computed, sizeOf(shape), bytes.buffer) };
}

const unpackAll = (values) => Object.fromEntries(Object.entries(values).map(([name, value]) => [name, unpack(value)]));

async function open(graph) {
  const session = await ort.InferenceSession.create(encodeModel(graph), { logSeverityLevel: 4, intraOpNumThreads: 1 });
  return (feeds) => {
    const given = session.inputNames.map((name) => [
      name,
      new ort.Tensor(feeds[name].dtype, feeds[name].data, [...feeds[name].shape]),
    ]);
    return session.run(Object.fromEntries(given));
  };
}

/** @param constant whether an input of this dtype is known when the file is imported */
function spliced(model, tensors, outputs, constant) {
  const graph = new Graph();
  const inputs = Object.fromEntries(
    Object.entries(tensors)
      .filter(([name]) => model.inputs.some((input) => input.name === name))
      .map(([name, content]) => [
        name,
        constant(content.dtype) ? graph.constant(content, name) : graph.input(name, content.dtype, content.shape),
      ]),
  );
  const values = model.splice({ graph, inputs, outputs });
  return { graph, inputs, values };
}

function difference(actual, expected, { rtol, atol }) {
  if (!actual) return 'is missing';
  const type = actual.type ?? actual.dtype;
  const shape = actual.dims ?? actual.shape;
  if (type !== expected.dtype) return `is ${type}, not ${expected.dtype}`;
  if (shape.join() !== expected.shape.join()) return `has shape [${shape}], not [${expected.shape}]`;
  for (const [i, want] of expected.data.entries()) {
    const got = actual.data[i];
    if (got === want || (Number.isNaN(want) && Number.isNaN(got))) continue;
    if (typeof got === 'bigint' || !(Math.abs(got - want) <= atol + rtol * Math.abs(want)))
      return `has ${got} at ${i}, not ${want}`;
  }
  return undefined;
}

async function checkForward(model, tensors, expected, limits, constant) {
  const { graph, values } = spliced(model, tensors, Object.keys(expected), constant);
  for (const [name, value] of Object.entries(values)) graph.output(`limn.${name}`, value);
  const result = await (await open(graph))(tensors);
  for (const [name, want] of Object.entries(expected)) {
    const wrong = difference(result[`limn.${name}`], want, limits);
    if (wrong) return `output ${name} ${wrong}`;
  }
  return undefined;
}

/** The gradient along one direction against differences of two sizes; undefined where it agrees or these do not (a kink). */
async function checkGradient(model, tensors, expected, constant) {
  const { graph, inputs, values } = spliced(model, tensors, Object.keys(expected), constant);
  const by = Object.entries(inputs).filter(([, value]) => value.dtype === 'float32' && !value.constant);
  const made = Object.entries(values).filter(
    ([, value]) => value.dtype === 'float32' && value.producer && sizeOf(value.shape) > 0,
  );
  if (by.length === 0 || made.length === 0) return undefined;
  let state = 7;
  const random = () => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return state / 2147483648;
  };
  const factors = {};
  const terms = made.map(([, value], i) => {
    factors[`factor${i}`] = {
      dtype: 'float32',
      shape: value.shape,
      data: Float32Array.from({ length: sizeOf(value.shape) }, () => 0.5 + random()),
    };
    return reduceSum(mul(value, graph.input(`factor${i}`, 'float32', value.shape)));
  });
  const loss = terms.reduce((sum, term) => graph.add1('Add', [sum, term]));
  const found = gradients(
    loss,
    by.map(([, value]) => value),
  );
  for (const [i, term] of terms.entries()) graph.output(`limn.term${i}`, term);
  for (const [i, gradient] of found.entries()) graph.output(`limn.gradient${i}`, gradient);
  const run = await open(graph);
  const feeds = { ...tensors, ...factors };
  const result = await run(feeds);
  const total = (outputs) => terms.reduce((sum, _, i) => sum + Number(outputs[`limn.term${i}`].data[0]), 0);
  for (const [i, [name]] of by.entries()) {
    const { data, shape } = tensors[name];
    const gradient = result[`limn.gradient${i}`].data;
    const direction = Float32Array.from(data, () => random() * 2 - 1);
    const moved = async (h) => {
      const there = { dtype: 'float32', shape, data: data.map((x, j) => x + h * direction[j]) };
      return total(await run({ ...feeds, [name]: there }));
    };
    const slopes = [];
    for (const h of [1e-2, 3e-3]) slopes.push(((await moved(h)) - (await moved(-h))) / (2 * h));
    const sided = ((await moved(3e-3)) - total(result)) / 3e-3;
    // At the end of what a function is defined for, as with the logarithm of 0, there is no slope to compare with.
    if (![...slopes, sided].every(Number.isFinite)) continue;
    if (gradient.some((value) => !Number.isFinite(value))) return `gradient by ${name} is not finite`;
    let dot = 0;
    let size = 0;
    gradient.forEach((g, j) => {
      dot += g * direction[j];
      size += Math.abs(g * direction[j]);
    });
    const scale = Math.max(size, Math.abs(slopes[1]), Math.abs(total(result)) * 1e-3, 1e-2);
    const close = (a, b, limit) => Math.abs(a - b) <= limit * scale;
    if (!close(slopes[0], slopes[1], 0.01) || !close(sided, slopes[1], 0.05)) continue;
    if (!close(dot, slopes[1], 0.02)) return `gradient by ${name} is ${dot} along a line where differences give ${slopes[1]}`;
  }
  return undefined;
}

const modes = [
  ['fed', () => false],
  ['integers constant', (dtype) => dtype !== 'float32'],
  ['constant', () => true],
];

async function check(name) {
  const { inputs, outputs, ...limits } = JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8'));
  const tensors = unpackAll(inputs);
  const expected = unpackAll(outputs);
  const bytes = readFileSync(join(folder, `${name}.onnx`));
  let refusal;
  let agrees = false;
  for (const [mode, constant] of modes) {
    try {
      const model = readModel(bytes);
      const wrong = await checkForward(model, tensors, expected, limits, constant);
      if (wrong) return ['WRONG', `${mode}: ${wrong}`];
      agrees = true;
      if (mode === 'constant') continue;
      const off = await checkGradient(model, tensors, expected, constant);
      if (off) return ['WRONG', `${mode}: ${off}`];
    } catch (error) {
      if (!error.code) return ['WRONG', `${mode}: ${error.message.split('\n')[0]}`];
      const harmless = error.code.startsWith('GRAPH');
      if (!harmless) return ['WRONG', `${mode}: ${error.code} ${error.message}`];
      refusal = error.message;
      if (agrees && !/must be|constant/.test(refusal)) refusal = `then ${refusal}`;
    }
  }
  return agrees ? ['agree', refusal ?? ''] : ['refused', refusal];
}

const names = readdirSync(folder)
  .filter((name) => name.endsWith('.onnx'))
  .map((name) => name.slice(0, -5))
  .filter((name) => only.length === 0 || only.some((part) => name.includes(part)));
const counts = { agree: 0, refused: 0, WRONG: 0 };
const reasons = new Map();
for (const name of names) {
  const [verdict, why] = await check(name);
  counts[verdict]++;
  if (verdict === 'WRONG' || list) console.log(`${verdict} ${name}${why ? `: ${why}` : ''}`);
  if (verdict !== 'refused') continue;
  const key = why.replace(/Node .*? cannot be imported: /, '');
  reasons.set(key, [...(reasons.get(key) ?? []), name]);
}
for (const [reason, of] of [...reasons].sort((a, b) => b[1].length - a[1].length))
  console.log(`refused ${of.length}: ${reason} [${of.slice(0, 4).join(', ')}]`);
console.log(`${counts.agree} agree, ${counts.refused} refused, ${counts.WRONG} WRONG of ${names.length}`);
