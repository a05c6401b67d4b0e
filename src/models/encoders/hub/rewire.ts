/**
 * Reads the graph of an ONNX encoder, and exposes its last hidden state where the file gives the embedding alone.
 *
 * The hidden state is found backwards from the embedding: it is what the pooled token is taken from. The file is not written
 * anew: protobuf merges messages that follow one another, so a copy with a few bytes after it is a file with another output.
 */
import { constants } from 'node:fs';
import { appendFile, copyFile, readdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { LimnError, messageOf } from '../../../core/errors.js';
import {
  type GraphProto,
  GraphProtoSchema,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from '../../../engine/graph/proto/onnx_pb.js';

export interface EncoderGraph {
  /** The file to run: the one given, or one beside it that exposes more. */
  file: string;
  inputs: GraphInput[];
  outputs: { local: string; global: string };
  /** Names of files beside it that hold its weights. */
  externalData: string[];
}

export interface GraphInput {
  name: string;
  /** An ONNX number: 1 float32, 6 int32, 7 int64, 10 float16. */
  elementType: number;
  /** Undefined for an extent that is not fixed. */
  shape: (number | undefined)[];
}

const float32 = 1;
const externalLocation = 1;
const localOutput = 'last_hidden_state';
/** Names of embeddings, the best first: projected into the space that pictures and texts share, or only pooled. */
const globalOutputs = ['image_embeds', 'text_embeds', 'pooler_output'];

/**
 * @param file an ONNX file of a picture or text encoder, as transformers.js lays them out
 * @throws LimnError ENCODER for a file that is no ONNX model, lacks its external data, or gives no embedding or hidden state
 */
export async function readEncoderGraph(file: string): Promise<EncoderGraph> {
  const { graph } = await readModel(file);
  const externalData = await findExternalData(file, graph);
  const inputs = graphInputs(graph);
  const outputs = new Map(graph.output.map((output) => [output.name, output]));
  const global = globalOutputs.find((name) => outputs.has(name));
  if (global === undefined) {
    const found = [...outputs.keys()].join(', ');
    throw new LimnError(
      'ENCODER',
      `${file} gives no embedding: its outputs are ${found}, none of ${globalOutputs.join(', ')}. Export it with projection.`,
      { details: { file, outputs: [...outputs.keys()] } },
    );
  }
  const local = outputs.has(localOutput) ? localOutput : findHiddenState(graph, global);
  if (local === undefined) {
    throw new LimnError(
      'ENCODER',
      `${file} has no output ${localOutput}, and no token is taken from a hidden state before ${global}. Export it with that output.`,
      { details: { file } },
    );
  }
  const wanted = { local, global };
  const usable = (name: string) => isFloat32(outputs.get(name));
  if (usable(local) && usable(global)) return { file, inputs, outputs: wanted, externalData };
  const exposed = {
    local: usable(local) ? local : 'limn_local',
    global: usable(global) ? global : 'limn_global',
  };
  const casts = (['local', 'global'] as const).filter((which) => exposed[which] !== wanted[which]);
  const suffix = outputsAsFloat32(casts.map((which) => [wanted[which], exposed[which]]));
  return { file: await writeWith(file, suffix), inputs, outputs: exposed, externalData };
}

/** The name of a file's copy with more outputs. */
function rewiredName(file: string): string {
  return file.replace(/(\.onnx)?$/, '.limn.onnx');
}

async function readModel(file: string): Promise<ModelProto & { graph: GraphProto }> {
  try {
    const model = fromBinary(ModelProtoSchema, await readFile(file));
    if (model.graph && model.graph.node.length > 0) return model as ModelProto & { graph: GraphProto };
    throw new Error('it has no graph');
  } catch (error) {
    throw new LimnError('ENCODER', `${file} is not an ONNX model: ${messageOf(error)}. Get it again.`, {
      details: { file },
      cause: error,
    });
  }
}

/** The files beside it that a graph keeps its weights in. */
async function findExternalData(file: string, graph: GraphProto): Promise<string[]> {
  const external = graph.initializer.filter(({ dataLocation }) => dataLocation === externalLocation);
  const locations = external.map(({ externalData }) => externalData.find(({ key }) => key === 'location')?.value ?? '');
  const names = [...new Set(locations)].sort();
  const present = new Set(await readdir(dirname(file)));
  const missing = names.find((name) => !present.has(name));
  if (missing === undefined) return names;
  const where = missing === '' ? 'no file' : `${missing}, which is not beside it. Get that too`;
  throw new LimnError('ENCODER', `${file} keeps its weights in ${where}.`, { details: { file, missing } });
}

function graphInputs(graph: GraphProto): GraphInput[] {
  // Old files list their weights as inputs too.
  const weights = new Set(graph.initializer.map(({ name }) => name));
  return graph.input
    .filter(({ name }) => !weights.has(name))
    .map(({ name, type }) => ({
      name,
      elementType: type?.tensorType?.elemType ?? 0,
      shape: (type?.tensorType?.shape?.dim ?? []).map(({ dimValue }) => (dimValue ? Number(dimValue) : undefined)),
    }));
}

const isFloat32 = (output: ValueInfoProto | undefined) => output?.type?.tensorType?.elemType === float32;

/** Takes elements of its first input at the places of the others. */
const selecting = new Set(['Gather', 'GatherElements', 'GatherND', 'Slice']);
/** Pass their first input on, in another form; other inputs are shapes and axes. */
const formal = new Set(['Reshape', 'Flatten', 'Transpose', 'Squeeze', 'Unsqueeze', 'Identity', 'Cast', 'Expand', 'Dropout']);

/** The tensor that the token pooled for `output` is selected from: breadth first, the nearest selection wins. */
function findHiddenState(graph: GraphProto, output: string): string | undefined {
  const producers = new Map<string, NodeProto>();
  for (const node of graph.node) for (const name of node.output) producers.set(name, node);
  const queue = [output];
  const seen = new Set(queue);
  for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
    const node = producers.get(name);
    if (!node || node.opType === 'Shape') continue;
    if (selecting.has(node.opType)) {
      const source = throughForms(producers, node.input[0] as string);
      // Rows of a table, parts of a shape and the graph's own inputs are no hidden state.
      const producer = producers.get(source);
      if (producer && producer.opType !== 'Shape' && producer.opType !== 'Constant') return source;
      continue;
    }
    for (const input of formal.has(node.opType) ? node.input.slice(0, 1) : node.input) {
      if (seen.has(input)) continue;
      seen.add(input);
      queue.push(input);
    }
  }
  return undefined;
}

/** Back over nodes that only change a tensor's form. A transposition stays: what it gives has the order (N, tokens, channels). */
function throughForms(producers: ReadonlyMap<string, NodeProto>, name: string): string {
  const node = producers.get(name);
  return node && node.opType !== 'Transpose' && formal.has(node.opType) ? throughForms(producers, node.input[0] as string) : name;
}

/** The bytes that make tensors into float32 outputs under other names. */
function outputsAsFloat32(names: readonly (readonly [string, string])[]): Uint8Array {
  const graph = create(GraphProtoSchema, {
    node: names.map(([from, to]) =>
      create(NodeProtoSchema, {
        opType: 'Cast',
        input: [from],
        output: [to],
        attribute: [{ name: 'to', type: 2, i: BigInt(float32) }],
      }),
    ),
    output: names.map(([, name]) => create(ValueInfoProtoSchema, { name, type: { tensorType: { elemType: float32 } } })),
  });
  return toBinary(ModelProtoSchema, create(ModelProtoSchema, { graph }));
}

async function writeWith(file: string, suffix: Uint8Array): Promise<string> {
  const target = rewiredName(file);
  const temporary = join(dirname(target), `.${basename(target)}.${process.pid}.part`);
  try {
    await copyFile(file, temporary, constants.COPYFILE_FICLONE);
    await appendFile(temporary, suffix, { flush: true });
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw new LimnError('IO', `Cannot write ${target}: ${messageOf(error)}. Check the disk's free space.`, { cause: error });
  }
  return target;
}
