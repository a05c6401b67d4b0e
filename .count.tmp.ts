import { createHash } from 'node:crypto'; const import_hash = (b: Uint8Array) => console.log('hash', createHash('sha256').update(b).digest('hex').slice(0, 16));
import { Graph } from '/work/wt/a/src/engine/graph/index.js';
import { Random } from '/work/wt/a/src/core/random.js';
import { limnTrainingModel } from '/work/wt/a/src/models/retrieval/retrieval-graphs.js';
import { modelConfig } from '/work/wt/a/src/models/methods/model-config.js';
import { neededNodes } from '/work/wt/a/src/engine/graph/passes/needed.js';
import { lowered } from '/work/wt/a/src/engine/runtime/lowering.js';
import { fromBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema } from '/work/wt/a/src/engine/graph/proto/onnx_pb.js';
import { float32, sizeOf } from '/work/wt/a/src/engine/tensor/tensor.js';
import { writeFileSync } from 'node:fs';

const [optimizerIn = 'flat graph', size = 'usual', resident = 'yes', batchArg = '4', out = ''] = process.argv.slice(2);
let last: any;
const output = Graph.prototype.output;
Graph.prototype.output = function (name: string, value: any) { last = this; return output.call(this, name, value); };
const skip = new Set(['addTyped','add','add1','call','reduction','unary','binary','mul','matmul','reshape','anonymous']);
const addTyped = Graph.prototype.addTyped;
Graph.prototype.addTyped = function (type: string, ...rest: any[]) {
  if (out && !this.origin) {
    const names = (new Error().stack ?? '').split('\n').slice(2).map((l) => l.match(/at (?:async )?(?:Object\.|new )?([\w.$<>]+) \(/)?.[1] ?? '').filter((n) => n && !/functions|^(call|Graph|Module|Object)/.test(n));
    const line = (new Error().stack ?? '').split('\n').slice(2).find((l) => !/graph\/(graph|functions|passes)/.test(l))?.match(/(\w[\w-]*\.ts:\d+)/)?.[1];
    this.origin = `${names.slice(0, 14).filter((n) => /^(project|sequence|imageSequence|textSequence|features|encodeWords|encodeImage|embed|attend|attention|projectHeads|keysAndValues|layerNorm|mlp|transformerLayer|aggregate|fuseGlobals|limnLoss|crossEntropy|symmetricKl|factorOrthogonality|adamW|vectors|parameters|optimizerInGraph|batchValues|linear|cut|joined|l2Normalize|classify|logits|labelsOf|scheduledRate|gradients|FlatLayout.*|embedding)$/.test(n)).reverse().join('>')}@${line}|${type}`;
    try { return (addTyped as any).call(this, type, ...rest); } finally { this.origin = undefined; }
  }
  return (addTyped as any).call(this, type, ...rest);
};
const mobileNet = { kind: 'features', tokens: 49, channels: 1280, globalChannels: 1280, colourChannels: 6 } as const;
const paper = size === 'paper';
const image: any = paper ? { kind: 'features', tokens: 257, channels: 1024, globalChannels: 768, colourChannels: 0 } : mobileNet;
const config = modelConfig.parse({ width: paper ? 512 : 256, factors: 8, layers: 2, heads: 8, dropout: 0.1, projection: 64, words: paper ? 77 : 20, vocabularySize: 400, image });
const l = image.channels + image.colourChannels, g = image.globalChannels + image.colourChannels;
const f1 = (n: number, v: number) => float32([n], new Float32Array(n).fill(v));
const buffers = { 'picture.local.mean': f1(l, 0), 'picture.local.inverse_deviation': f1(l, 1), 'picture.global.mean': f1(g, 0), 'picture.global.inverse_deviation': f1(g, 1) };
const graph = limnTrainingModel(config, {
  batchSize: Number(batchArg), optimizer: { learningRate: 1e-3, totalSteps: 1000, warmupSteps: 50, weightDecay: 0.01, clipNorm: 1 },
  random: new Random(1), buffers, optimizerIn: optimizerIn as any,
  ...(resident === 'yes' ? { resident: { count: 256, dtype: 'float16', tokens: image.tokens, local: [l], global: [g] } as any } : {}),
});
const { nodes } = neededNodes(last);
import_hash(graph.model); console.log(optimizerIn, size, 'resident', resident, 'parameters', graph.parameters.length, graph.nodes, 'needed', nodes.length);
const low = fromBinary(ModelProtoSchema, lowered(graph.model).bytes).graph!.node;
const count = (xs: string[]) => { const m = new Map<string, number>(); for (const x of xs) m.set(x, (m.get(x) ?? 0) + 1); return [...m].sort((a, b) => b[1] - a[1]); };
console.log('reshapes', nodes.filter((n: any) => n.type === 'Reshape').length, 'lowered', low.length, 'without reshapes', low.filter((n) => n.opType !== 'Reshape').length);
console.log(count(nodes.map((n: any) => n.type)).map(([a, b]) => `${a} ${b}`).join(', '));
console.log('lowered:', count(low.map((n) => n.opType)).map(([a, b]) => `${a} ${b}`).join(', '));
const small = nodes.filter((n: any) => n.outputs.every((o: any) => sizeOf(o.shape) <= 4));
console.log('at most four numbers', small.length, 'of which Reshape', small.filter((n: any) => n.type === 'Reshape').length);
if (out) writeFileSync(out, nodes.map((n: any) => `${n.type}\t${n.outputs.map((o: any) => `${o.name}[${o.shape}]`).join(' ')}\t<- ${n.inputs.map((i: any) => i ? `${i.name}${i.constant ? '#' : ''}[${i.shape}]` : '-').join(' ')}\t${n.attributes.perm ?? ''}${n.attributes.transA ?? ''}${n.attributes.transB ?? ''}\t${n.origin ?? ''}`).join('\n'));

if (process.env.RUN) {
  const { Session } = await import('/work/wt/a/src/engine/runtime/session.js');
  const { mkdtempSync, readdirSync, readFileSync } = await import('node:fs');
  const { elementTypes } = await import('/work/wt/a/src/engine/graph/element-types.js');
  const { tensor } = await import('/work/wt/a/src/engine/tensor/tensor.js');
  const folder = mkdtempSync('/tmp/nodes/profile-');
  const device = process.env.RUN as 'cpu' | 'webgpu';
  const session = await Session.open(graph.model, { device, threads: 1, carry: graph.carry, packed: graph.packed, update: graph.update, clock: (graph as any).clock, inPlace: graph.inPlace, profile: folder + '/p' });
  const state = graph.flat ? graph.flat.pack(graph.initialState) : graph.initialState;
  await session.setResident(state);
  const random = new Random(2);
  const model = fromBinary(ModelProtoSchema, graph.model);
  const feeds: any = {};
  for (const { name, type } of model.graph!.input) {
    if (name === "schedule" || name in state || graph.flat && graph.flat.residents(Object.keys(graph.initialState)).includes(name)) continue;
    const shape = type!.value ? [] : (type as any).tensorType.shape.dim.map(({ dimValue }: any) => Number(dimValue));
    const e = (type as any).tensorType.elemType;
    const n = sizeOf(shape);
    if (e === elementTypes.int64) feeds[name] = tensor('int64', shape, BigInt64Array.from({ length: n }, () => BigInt(1 + random.below(20))));
    else if (e === elementTypes.int32) feeds[name] = tensor('int32', shape, Int32Array.from({ length: n }, () => random.below(200)));
    else if (e === elementTypes.float16) { await 0; feeds[name] = tensor('float16', shape, Uint16Array.from({ length: n }, () => 0x3c00 | (random.uint32() & 0x83ff))); }
    else feeds[name] = tensor('float32', shape, Float32Array.from({ length: n }, () => (name === 'sameTarget' ? 0 : name.startsWith('dropout') ? 1 : random.uniform())));
    if (name.startsWith('features.')) { await session.setResident({ [name]: feeds[name] }); delete feeds[name]; }
  }
  for (let i = 0; i < 3; i++) {
    const extra = (graph as any).schedule ? (graph as any).schedule() : {};
    const r = await session.run({ ...feeds, ...extra }, { fetch: graph.reported });
    console.log('report', Object.entries(r).map(([k, v]: any) => `${k}=${v.data[0]}`).join(' '));
  }
  await session.close();
  const events = JSON.parse(readFileSync(folder + '/' + readdirSync(folder)[0], 'utf8'));
  const runs = events.filter((e: any) => e.cat === 'Session' && e.name === 'model_run');
  const from = runs.at(-1).ts;
  const kernels = events.filter((e: any) => e.cat === 'Node' && e.name.endsWith('_kernel_time') && e.ts >= from);
  console.log('as run', kernels.length, 'without Reshape', kernels.filter((k: any) => k.args.op_name !== 'Reshape').length, 'on the CPU', kernels.filter((k: any) => k.args.provider === 'CPUExecutionProvider').length);
  console.log(count(kernels.map((k: any) => k.args.op_name)).map(([a, b]) => `${a} ${b}`).join(', '));
  if (out) writeFileSync(out + '.run', kernels.map((k: any) => `${k.args.op_name}\t${k.name}\t${JSON.stringify(k.args.input_type_shape?.map((x: any) => Object.values(x)[0]))}\t${JSON.stringify(k.args.output_type_shape?.map((x: any) => Object.values(x)[0]))}\t${k.args.provider}`).join('\n'));
  process.exit(0);
}
