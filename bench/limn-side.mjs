/** The limn side of training-step.mjs: a line of JSON on stdin asks for steps, a line on stdout tells their times. */
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';

const { Random } = await import('../dist/core/random.js');
const { limnConfig } = await import('../dist/models/config.js');
const { limnTrainingModel } = await import('../dist/models/limn-graphs.js');
const { drawMasks } = await import('../dist/nn/training.js');
const { Session } = await import('../dist/runtime/session.js');
const { sizeOf } = await import('../dist/tensor/tensor.js');

const options = JSON.parse(process.argv[2]);
const { batch, pictures: pictureCount, picture, stepsPerRun = 1 } = options;
const random = new Random(1);
const config = limnConfig.parse({
  width: options.width,
  factors: options.factors,
  layers: options.layers,
  heads: options.heads,
  dropout: options.dropout,
  projection: options.projection,
  words: options.words,
  vocabularySize: options.vocabulary,
  picture,
});

const filled = (shape, value) => ({ dtype: 'float32', shape, data: new Float32Array(sizeOf(shape)).fill(value) });
const isFeatures = picture.kind === 'features';
const total = isFeatures ? picture.channels + picture.colourChannels : 0;
const globalTotal = isFeatures ? picture.globalChannels + picture.colourChannels : 0;
const graph = limnTrainingModel(config, {
  batchSize: batch,
  optimizer: { learningRate: 1e-3, totalSteps: 1000, warmupSteps: 50, weightDecay: 0.01, clipNorm: 1 },
  random,
  buffers: isFeatures
    ? {
        'picture.local.mean': filled([total], 0),
        'picture.local.inverse_deviation': filled([total], 1),
        'picture.global.mean': filled([globalTotal], 0),
        'picture.global.inverse_deviation': filled([globalTotal], 1),
      }
    : {},
  stepsPerRun,
});

/** Rows of float16 features, each one of the numbers 1 to 2 with either sign, or of float32 pixels. */
function table(shape, dtype) {
  const size = sizeOf([pictureCount, ...shape]);
  const data =
    dtype === 'float16'
      ? Uint16Array.from({ length: size }, () => 0x3c00 | (random.uint32() & 0x83ff))
      : Float32Array.from({ length: size }, () => random.uniform());
  return { dtype, shape, data };
}

const tables = isFeatures
  ? { local: table([picture.tokens, total], 'float16'), global: table([globalTotal], 'float16') }
  : { pixels: table([picture.size, picture.size, 3], 'float32') };
const lead = stepsPerRun > 1 ? [stepsPerRun, batch] : [batch];
const rowsPerRun = sizeOf(lead);

function gather({ dtype, shape, data }, rows) {
  const size = sizeOf(shape);
  const out = new data.constructor(rows.length * size);
  rows.forEach((row, i) => {
    out.set(data.subarray(row * size, (row + 1) * size), i * size);
  });
  return { dtype, shape: [...lead, ...shape], data: out };
}

/** What src/train feeds: rows of the cached features, words, and freshly drawn dropout masks. */
function feeds() {
  const out = {};
  for (const side of ['reference', 'target']) {
    const rows = Array.from({ length: rowsPerRun }, () => random.below(pictureCount));
    for (const [name, rowsOf] of Object.entries(tables)) out[`${side}.${name}`] = gather(rowsOf, rows);
  }
  const words = BigInt64Array.from({ length: rowsPerRun * options.words }, (_, i) => {
    const [item, place] = [Math.floor(i / options.words), i % options.words];
    return place < options.words / 2 || item % 2 === 1 ? BigInt(1 + random.below(options.vocabulary - 1)) : 0n;
  });
  out.words = { dtype: 'int64', shape: [...lead, options.words], data: words };
  out.sameTarget = filled([...lead, batch], 0);
  const draws = Array.from({ length: stepsPerRun }, () => drawMasks(graph.masks, random));
  for (const { name, shape } of graph.masks) {
    if (stepsPerRun === 1) out[name] = draws[0][name];
    else {
      const data = new Float32Array(stepsPerRun * sizeOf(shape));
      draws.forEach((draw, i) => {
        data.set(draw[name].data, i * sizeOf(shape));
      });
      out[name] = { dtype: 'float32', shape: [stepsPerRun, ...shape], data };
    }
  }
  return out;
}

async function peakBytes() {
  const status = await readFile('/proc/self/status', 'utf8').catch(() => '');
  return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024;
}

const session = await Session.open(graph.model, {
  device: options.device,
  threads: options.threads,
  label: 'training graph',
  ...(options.copied ? {} : { carry: graph.carry }),
  ...(options.profile ? { profile: options.profile } : {}),
});
if (!options.copied) await session.setResident(graph.initialState);
const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
const parameters = graph.parameters.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
say({ ready: true, parameters });

/** One run; with `copied` the whole state goes in and comes out, as if nothing stayed in the runtime. */
let state = graph.initialState;
async function run(batch) {
  if (!options.copied) return session.run(batch, { fetch: graph.reported });
  const result = await session.run({ ...batch, ...state }, { fetch: [...graph.reported, ...Object.keys(graph.carry)] });
  state = Object.fromEntries(Object.entries(graph.carry).map(([output, input]) => [input, result[output]]));
  return result;
}

let next = feeds();
for await (const line of createInterface({ input: process.stdin })) {
  const { steps } = JSON.parse(line);
  const times = [];
  const cpuBefore = process.cpuUsage();
  let loss;
  for (let i = 0; i < steps; i += stepsPerRun) {
    const start = performance.now();
    const running = run(next);
    next = feeds();
    loss = (await running).loss.data.at(-1);
    times.push((performance.now() - start) / stepsPerRun);
  }
  const { user, system } = process.cpuUsage(cpuBefore);
  say({ times, loss, peakBytes: await peakBytes(), cpu: (user + system) / 1000 });
}
await session.close();
