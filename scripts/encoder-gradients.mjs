/**
 * Holds limn to PyTorch over a folder of exports: outputs, gradients by every parameter, block counts, and what is a parameter.
 *
 *     python scripts/reference/encoder_blocks.py --out DIR
 *     npm run build && node scripts/encoder-gradients.mjs DIR [--only NAME] [--skip-gradients]
 *
 * Prints a table in Markdown, one row for each export. Each file is read three times: as it is, without the exporter's notes on
 * parameters and modules, and with every name replaced by a number. Exits with 1 if a row has a fault.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import * as ort from 'onnxruntime-node';
import { add, blocksOf, encodeModel, Graph, gradients, mul, readModel, reduceSum } from '../dist/engine/graph/index.js';
import { ModelProtoSchema } from '../dist/engine/graph/proto/onnx_pb.js';
import { decodeSafetensors } from '../dist/engine/tensor/safetensors.js';

const { values: flags, positionals } = parseArgs({
  options: { only: { type: 'string' }, 'skip-gradients': { type: 'boolean' } },
  allowPositionals: true,
});
const [folder] = positionals;
if (!folder) throw new Error('Give the folder that encoder_blocks.py wrote.');

const largest = (data) => data.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
const error = (a, b, floor = 0) => {
  let worst = 0;
  for (let i = 0; i < b.length; i++) worst = Math.max(worst, Math.abs(a[i] - b[i]));
  return worst / Math.max(largest(b), floor, 1e-12);
};

/** The file without what PyTorch's exporter notes in it, or without any names at all. */
function stripped(bytes, names) {
  const model = fromBinary(ModelProtoSchema, bytes);
  const { graph } = model;
  const renamed = new Map();
  const given = new Set([...graph.input, ...graph.output].map(({ name }) => name));
  const rename = (name) => {
    if (!names || name === '' || given.has(name)) return name;
    if (!renamed.has(name)) renamed.set(name, `${renamed.size}`);
    return renamed.get(name);
  };
  graph.metadataProps = [];
  graph.valueInfo = [];
  for (const tensor of graph.initializer) {
    tensor.metadataProps = [];
    tensor.name = rename(tensor.name);
  }
  for (const input of graph.input) input.metadataProps = [];
  const visit = (node) => {
    node.metadataProps = [];
    node.input = node.input.map(rename);
    node.output = node.output.map(rename);
    if (names) node.name = '';
    for (const { g } of node.attribute) {
      if (!g) continue;
      g.node.forEach(visit);
      for (const tensor of g.initializer) tensor.name = rename(tensor.name);
      for (const output of g.output) output.name = rename(output.name);
      g.valueInfo = [];
    }
  };
  graph.node.forEach(visit);
  return toBinary(ModelProtoSchema, create(ModelProtoSchema, model));
}

/** Products of float32 that an exporter computed: a convolution with its normalisation. */
const rounding = 2e-6;

/** Whether two tensors have the same numbers, of which most pairs differ in the first. */
function agree(a, b, most) {
  const limit = most > 0 ? most * largest(b) : 0;
  for (let i = 0; i < b.length; i++) if (!(Math.abs(a[i] - b[i]) <= limit)) return false;
  return true;
}

/** The parameter of PyTorch's whose values a tensor has, as they are, transposed or folded, and how to read its gradient. */
function parameterOf(name, tensor, truth) {
  const asIs = truth[`value.${name}`];
  if (asIs && agree(tensor.data, asIs.data, 0)) return { name, order: (data) => data };
  for (const [key, value] of Object.entries(truth)) {
    if (!key.startsWith('value.') || value.data.length !== tensor.data.length || value.data.length < 2) continue;
    const [rows, columns] = value.shape;
    const orders = [(data) => data];
    if (value.shape.length === 2)
      orders.push((data) => {
        const turned = new Float32Array(data.length);
        for (let i = 0; i < data.length; i++) turned[i] = data[(i % rows) * columns + Math.floor(i / rows)];
        return turned;
      });
    const most = key.endsWith(' folded') ? rounding : 0;
    const order = orders.find((each) => agree(tensor.data, each(value.data), most));
    if (order) return { name: key.slice('value.'.length), order };
  }
  return undefined;
}

/** Faults in what is trained: parameters that are fixed, buffers that are trained. */
function faultsOf(model, truth, { parameters, buffers }) {
  const frozen = [...model.fixed].filter(([name, reason]) => {
    const same = parameterOf(name, model.file.tensors.get(name)?.content() ?? { data: [] }, truth);
    return parameters.includes(name) || (same && largest(truth[`gradient.${same.name}`].data) > 0 && reason);
  });
  const trained = [...model.weights.keys()].filter((name) =>
    buffers.some((buffer) => buffer === name || buffer.endsWith(`.${name}`)),
  );
  return [...frozen.map(([name, why]) => `${name} is fixed: ${why}`), ...trained.map((name) => `${name} is trained`)];
}

/** Weights that limn puts into another block than PyTorch. */
function misplaced(model, blocks, truth, facts) {
  const at = new Map(blocks.flatMap(({ weights }, i) => weights.map((name) => [name, i])));
  const own = (name) => facts.blocks.findIndex((block) => name.startsWith(`${block}.`) || name.includes(`.${block}.`));
  return [...model.weights].flatMap(([name, weight]) => {
    const content = weight.content();
    const parameter = parameterOf(name, content, truth)?.name;
    // Parameters of equal values, such as new biases, cannot be told apart.
    if (parameter === undefined || new Set(content.data).size < 3) return [];
    return own(parameter) === (at.get(name) ?? -1) ? [] : [`${parameter} in block ${at.get(name) ?? 'none'}`];
  });
}

async function numbers(model, truth) {
  const graph = new Graph();
  const inputs = {};
  const feeds = {};
  for (const { name } of model.inputs) {
    const content = truth[`in.${name}`];
    feeds[name] = content;
    inputs[name] = graph.input(name, content.dtype, content.shape);
  }
  const trained = {};
  const values = model.splice({
    graph,
    inputs,
    outputs: [...model.outputs],
    weight: (name, weight) => {
      feeds[`weight ${name}`] = weight.content();
      trained[name] = graph.input(`weight ${name}`, weight.dtype, weight.shape);
      return trained[name];
    },
  });
  const losses = Object.entries(values).map(([name, value]) => {
    graph.output(`output ${name}`, value);
    feeds[`factor ${name}`] = truth[`factor.${name}`];
    return reduceSum(mul(value, graph.input(`factor ${name}`, 'float32', value.shape)));
  });
  if (!flags['skip-gradients']) {
    gradients(
      losses.reduce((sum, loss) => add(sum, loss)),
      Object.values(trained),
    ).forEach((gradient, i) => {
      graph.output(`gradient ${Object.keys(trained)[i]}`, gradient);
    });
  }
  const session = await ort.InferenceSession.create(encodeModel(graph), { intraOpNumThreads: 1, logSeverityLevel: 3 });
  const given = session.inputNames.map((name) => [
    name,
    new ort.Tensor(feeds[name].dtype, feeds[name].data, [...feeds[name].shape]),
  ]);
  const results = await session.run(Object.fromEntries(given));
  const output = Math.max(...model.outputs.map((name) => error(results[`output ${name}`].data, truth[`out.${name}`].data)));
  if (flags['skip-gradients']) return { output };
  const floor =
    1e-3 * Math.max(...Object.entries(truth).flatMap(([key, { data }]) => (key.startsWith('gradient.') ? [largest(data)] : [])));
  let [gradient, compared] = [0, 0];
  const found = Object.entries(trained).map(([name]) => [name, parameterOf(name, feeds[`weight ${name}`], truth)]);
  const times = (parameter) => found.filter(([, each]) => each?.name === parameter).length;
  for (const [name, same] of found) {
    // What is stored once for several parameters, or twice for one, has a gradient of another kind.
    if (!same || times(same.name) > 1 || (same.name !== name && new Set(feeds[`weight ${name}`].data).size < 3)) continue;
    compared++;
    gradient = Math.max(
      gradient,
      error(results[`gradient ${name}`].data, same.order(truth[`gradient.${same.name}`].data), floor),
    );
  }
  return { output, gradient, compared };
}

const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.json') && existsSync(join(folder, name.replace(/json$/, 'safetensors'))))
  .filter((name) => !flags.only || flags.only.split(',').some((part) => name.startsWith(part)))
  .sort();
console.log(
  '| family | exporter | outputs | PyTorch in float32 | gradients | compared | weights | fixed | blocks (PyTorch) | without notes | without names | faults |',
);
console.log('|---|---|---|---|---|---|---|---|---|---|---|---|');
let faulty = 0;
for (const file of files) {
  const facts = JSON.parse(readFileSync(join(folder, file), 'utf8'));
  const tower = basename(file, '.json');
  const family = `${dirname(dirname(file))}${tower === 'model' ? '' : ` ${tower.replace('_model', '')}`}`;
  const start = `| ${family} | ${basename(dirname(file))} |`;
  if (facts.failed) {
    console.log(`${start} the exporter fails | | | | | | | | | |`);
    continue;
  }
  const bytes = readFileSync(join(folder, file.replace(/json$/, 'onnx')));
  const path = join(folder, file.replace(/json$/, 'safetensors'));
  const truth = decodeSafetensors(readFileSync(path), relative(folder, path)).tensors;
  const faults = [];
  const counts = [];
  let [model, result] = [undefined, {}];
  for (const [kind, content] of [
    ['', bytes],
    ['without notes: ', stripped(bytes, false)],
    ['without names: ', stripped(bytes, true)],
  ]) {
    try {
      const read = readModel(content);
      model ??= read;
      const blocks = blocksOf(read);
      counts.push(blocks.length);
      faults.push(...faultsOf(read, truth, facts).map((fault) => kind + fault));
      // Without names, structure alone does not tell a stem or a head that is built like a block.
      const isNamed = kind !== 'without names: ';
      if (blocks.length !== facts.blocks.length) faults.push(...(isNamed ? [`${kind}${blocks.length} blocks`] : []));
      else faults.push(...misplaced(read, blocks, truth, facts).map((fault) => kind + fault));
      const last = blocks.length - 1;
      const handsOnSeveral = (i) => blocks.length === facts.blocks.length && facts.several?.includes(facts.blocks[i]);
      const open = blocks.filter(({ output }, i) => i < last && output === undefined && !handsOnSeveral(i));
      if (open.length > 0) faults.push(`${kind}no output of ${open.map(({ name }) => name)}`);
    } catch (cause) {
      faults.push(`${kind}${cause.message.slice(0, 120)}`);
    }
  }
  try {
    result = await numbers(model, truth);
    // Deep networks with random weights lose more than that in PyTorch, too.
    if (!(result.output <= Math.max(1e-5, 4 * (facts.float32 ?? 0)))) faults.push('outputs');
    if (!(result.gradient === undefined || result.gradient <= Math.max(1e-4, 4 * (facts['float32 gradients'] ?? 0))))
      faults.push('gradients');
  } catch (cause) {
    faults.push(cause.message.slice(0, 160));
  }
  const shown = (x) => (x === undefined ? '-' : x.toExponential(0));
  if (faults.length > 0) faulty++;
  const listed = faults.length > 4 ? [...faults.slice(0, 4), `and ${faults.length - 4} more`] : faults;
  console.log(
    `${start} ${shown(result.output)} | ${shown(facts.float32)} | ${result.compared === 0 ? '-' : shown(result.gradient)} | ${result.compared ?? 0} | ${model?.weights.size} | ${model?.fixed.size} | ${counts[0]} (${facts.blocks.length}) | ${counts[1]} | ${counts[2]} | ${listed.join('; ')} |`,
  );
}
process.exitCode = faulty > 0 ? 1 : 0;
