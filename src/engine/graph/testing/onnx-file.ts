/** Test helper: ONNX files in any operator set, written node by node. */
import { create, toBinary } from '@bufbuild/protobuf';
import { bytesOf, type DType, type Tensor } from '../../tensor/tensor.js';
import { elementTypes } from '../element-types.js';
import { encodeAttribute, encodeTensor } from '../encode.js';
import type { Attributes } from '../graph.js';
import {
  AttributeProtoSchema,
  type GraphProto,
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  StringStringEntryProtoSchema,
  ValueInfoProtoSchema,
} from '../proto/onnx_pb.js';

export interface FileNodeSpec {
  type: string;
  inputs: string[];
  outputs: string[];
  attributes?: Attributes;
  name?: string;
  domain?: string;
  branches?: Record<string, FileSpec>;
}

export interface FileInput {
  /** A number is ONNX's own, for types that limn does not use. */
  dtype: DType | number;
  /** A text is the name of an extent that the user of the file settles. @default the file says nothing of the shape */
  dims?: (number | string)[];
}

export interface FileSpec {
  opset?: number;
  inputs?: Record<string, FileInput>;
  outputs: string[];
  initializers?: Record<string, Tensor>;
  nodes: FileNodeSpec[];
  /** Where an initializer's values lie instead of in the file, as the format has it. */
  external?: Record<string, Record<string, string>>;
}

export function onnxFile(spec: FileSpec): Uint8Array {
  const model = create(ModelProtoSchema, {
    irVersion: 8n,
    graph: graphOf(spec),
    opsetImport: [
      { domain: '', version: BigInt(spec.opset ?? 17) },
      { domain: 'com.microsoft', version: 1n },
    ],
  });
  return toBinary(ModelProtoSchema, model);
}

function graphOf({ inputs = {}, outputs, initializers = {}, nodes, external = {} }: FileSpec): GraphProto {
  return create(GraphProtoSchema, {
    name: 'test',
    input: Object.entries(inputs).map(([name, { dtype, dims }]) =>
      create(ValueInfoProtoSchema, {
        name,
        type: {
          tensorType: {
            elemType: typeof dtype === 'number' ? dtype : elementTypes[dtype],
            ...(dims
              ? { shape: { dim: dims.map((dim) => (typeof dim === 'string' ? { dimParam: dim } : { dimValue: BigInt(dim) })) } }
              : {}),
          },
        },
      }),
    ),
    output: outputs.map((name) => create(ValueInfoProtoSchema, { name })),
    initializer: Object.entries(initializers).map(([name, content]) => {
      const proto = encodeTensor(content, name);
      const place = external[name];
      if (!place) return proto;
      const externalData = Object.entries(place).map(([key, value]) => create(StringStringEntryProtoSchema, { key, value }));
      return { ...proto, rawData: new Uint8Array(), dataLocation: 1, externalData };
    }),
    node: nodes.map(({ type, inputs: read, outputs: made, attributes = {}, name = '', domain = '', branches = {} }) =>
      create(NodeProtoSchema, {
        opType: type,
        name,
        domain,
        input: read,
        output: made,
        attribute: [
          ...Object.entries(attributes).map(([key, value]) => encodeAttribute(key, value)),
          ...Object.entries(branches).map(([key, body]) =>
            create(AttributeProtoSchema, { name: key, type: 5, g: graphOf(body) }),
          ),
        ],
      }),
    ),
  });
}

/** The raw bytes of tensors, one after another, as a file of external data holds them. */
export function packed(...tensors: Tensor[]): Uint8Array {
  return Uint8Array.from(tensors.flatMap((each) => [...bytesOf(each)]));
}
