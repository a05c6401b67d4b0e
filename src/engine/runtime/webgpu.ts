/**
 * ONNX Runtime's WebGPU provider in the runtime's thread (docs/decisions/0009-webgpu.md).
 *
 * Outputs of a run can stay on the device and be fed to the next one, so that a training's state is copied at its start and for
 * checkpoints only. The binding cannot read such a tensor back, and ends the process when it is asked to: tensors go up and down
 * as inputs and outputs of a graph that does nothing.
 */
import { create, toBinary } from '@bufbuild/protobuf';
import { elementTypes } from '../graph/element-types.js';
import {
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from '../graph/proto/onnx_pb.js';
import { builtWithout } from './device.js';
import { lowered } from './lowering.js';
import * as ort from './onnxruntime.js';
import { toOrt } from './wire.js';

/** A model and the options that its session is made with. */
export interface PreparedSession {
  model: Uint8Array | string;
  options: ort.InferenceSession.SessionOptions;
}

/** The runtime's own threads have little to do: they must not spin while the device computes. */
const sleeping = { session: { intra_op: { allow_spinning: '0' } } };

type Uploaded = 'float32' | 'float16';

export class WebGpu {
  private static opening: Promise<WebGpu> | undefined;

  private constructor(
    private readonly up: Readonly<Record<Uploaded, ort.InferenceSession>>,
    private readonly down: ort.InferenceSession,
    /** Whether the adapter's shaders know float16, which Vulkan and WebGPU leave open. */
    readonly hasFloat16: boolean,
  ) {}

  /** Opens the adapter, once in a thread. Throws what ONNX Runtime says where there is none. */
  static open(): Promise<WebGpu> {
    WebGpu.opening ??= WebGpu.openAdapter();
    return WebGpu.opening;
  }

  private static async openAdapter(): Promise<WebGpu> {
    if (!ort.listSupportedBackends().some(({ name }) => name === 'webgpu')) throw new Error(builtWithout);
    const up = (dtype: Uploaded) =>
      ort.InferenceSession.create(oneNode('Identity', dtype), { ...provider(), preferredOutputLocation: 'gpu-buffer' });
    const down = await ort.InferenceSession.create(oneNode('Identity', 'float32'), provider());
    return new WebGpu({ float32: await up('float32'), float16: await up('float16') }, down, await runsFloat16());
  }

  /** @param staying outputs that the next run takes */
  prepare(model: Uint8Array | string, staying: readonly string[]): PreparedSession {
    const preferredOutputLocation = Object.fromEntries(staying.map((name) => [name, 'gpu-buffer'] as const));
    // A file stays as it is: its weights may lie beside it.
    if (typeof model === 'string') return { model, options: { ...provider(), extra: sleeping, preferredOutputLocation } };
    const { bytes, cpuNodes, float16Nodes } = lowered(model);
    const onCpu = [...cpuNodes, ...(this.hasFloat16 ? [] : float16Nodes)];
    return { model: bytes, options: { ...provider(onCpu), extra: sleeping, preferredOutputLocation } };
  }

  /** A tensor of floats on the device; others stay where they are, for WebGPU has no 64-bit integers. */
  async upload(tensor: ort.Tensor): Promise<ort.Tensor> {
    const { type, size } = tensor;
    if (size === 0 || (type !== 'float32' && !(type === 'float16' && this.hasFloat16))) return tensor;
    return (await this.up[type].run({ x: tensor })).y as ort.Tensor;
  }

  async download(tensor: ort.Tensor): Promise<ort.Tensor> {
    if (tensor.location !== 'gpu-buffer') return tensor;
    return (await this.down.run({ x: tensor })).y as ort.Tensor;
  }
}

/** @param onCpu names of nodes that the device cannot run although the provider claims them */
function provider(onCpu: readonly string[] = []): ort.InferenceSession.SessionOptions {
  const webgpu = { name: 'webgpu', ...(onCpu.length > 0 ? { forceCpuNodeNames: [...onCpu] } : {}) };
  return { executionProviders: [webgpu as ort.InferenceSession.ExecutionProviderConfig], logSeverityLevel: 3 };
}

async function runsFloat16(): Promise<boolean> {
  // 4: it is asked whether there is an error, so the error need not be printed.
  const session = await ort.InferenceSession.create(oneNode('Neg', 'float16'), { ...provider(), logSeverityLevel: 4 });
  const feeds = { x: toOrt({ dtype: 'float16', shape: [1], data: Uint16Array.of(0x3c00) }) };
  const works = await session.run(feeds).then(
    () => true,
    () => false,
  );
  await session.release();
  return works;
}

/** y = type(x), for tensors of any shape. */
function oneNode(opType: string, dtype: 'float32' | 'float16'): Uint8Array {
  const value = (name: string): ValueInfoProto =>
    create(ValueInfoProtoSchema, { name, type: { tensorType: { elemType: elementTypes[dtype] } } });
  const graph = create(GraphProtoSchema, {
    name: opType,
    input: [value('x')],
    output: [value('y')],
    node: [create(NodeProtoSchema, { opType, input: ['x'], output: ['y'] })],
  });
  return toBinary(ModelProtoSchema, create(ModelProtoSchema, { irVersion: 9n, graph, opsetImport: [{ version: 20n }] }));
}
