/** What a file may not be, and what is made of one that is odd but whole. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { LimnError } from '../../../core/errors.js';
import { Random } from '../../../core/random.js';
import { float32, int64, sizeOf, type Tensor } from '../../tensor/tensor.js';
import { blocksOf, Graph, readModel } from '../index.js';
import { ModelProtoSchema, TensorProtoSchema } from '../proto/onnx_pb.js';
import { type FileSpec, onnxFile, packed } from '../testing/onnx-file.js';

const fixture = (name: string) => readFileSync(fileURLToPath(new URL(`../../../../test/fixtures/${name}.onnx`, import.meta.url)));

const weight = float32([2, 2], [1, 2, 3, 4]);
const linear: FileSpec = {
  inputs: { x: { dtype: 'float32', dims: ['rows', 2] } },
  outputs: ['y'],
  initializers: { weight },
  nodes: [{ type: 'MatMul', inputs: ['x', 'weight'], outputs: ['y'], name: 'product' }],
};

function errorOf(act: () => unknown): LimnError {
  try {
    act();
  } catch (error) {
    if (LimnError.isInstance(error)) {
      expect(error.message).not.toContain('\n');
      return error;
    }
    throw error;
  }
  throw new Error('nothing was thrown');
}

function splice(bytes: Uint8Array, shape = [3, 2], outputs = ['y']) {
  const graph = new Graph();
  const values = readModel(bytes).splice({ graph, inputs: { x: graph.input('x', 'float32', shape) }, outputs });
  return { graph, values };
}

/** A file whose first initializer is changed as a message. */
function withTensor(change: Record<string, unknown>): Uint8Array {
  const model = fromBinary(ModelProtoSchema, onnxFile(linear));
  model.graph!.initializer[0] = create(TensorProtoSchema, { ...model.graph!.initializer[0], ...change } as never);
  return toBinary(ModelProtoSchema, model);
}

describe('a file that is broken is an error of code ENCODER', () => {
  const whole = onnxFile(linear);
  const node = (inputs: string[], outputs: string[]) => ({ type: 'Add', inputs, outputs, name: `add to ${outputs}` });
  test.each<[string, Uint8Array, string]>([
    ['that is empty', new Uint8Array(), 'are not an ONNX model, or are cut short'],
    ['of other content', new TextEncoder().encode('<html>404 not found</html>'), 'are not an ONNX model, or are cut short'],
    ['cut short', whole.subarray(0, whole.length - 30), 'are not an ONNX model, or are cut short'],
    [
      'with a cycle',
      onnxFile({ ...linear, nodes: [node(['x', 'b'], ['a']), node(['a', 'x'], ['b']), node(['a', 'b'], ['y'])] }),
      'node add to a needs its own result to be computed',
    ],
    [
      'without an initializer',
      onnxFile({ ...linear, initializers: {} }),
      'node product reads weight, which nothing in the file makes',
    ],
    [
      'with two results of one name',
      onnxFile({ ...linear, nodes: [node(['x', 'x'], ['y']), node(['x', 'weight'], ['y'])] }),
      'two things in it are named y',
    ],
    ['without its output', onnxFile({ ...linear, outputs: ['z'] }), 'nothing in it makes its output z'],
    [
      'with sizes that overflow',
      withTensor({ dims: [1n << 40n, 1n << 40n] }),
      'tensor weight: its shape [1099511627776,1099511627776] is not possible',
    ],
    ['with a negative size', withTensor({ dims: [-2n, -2n] }), 'tensor weight: its shape [-2,-2] is not possible'],
    ['with too few bytes', withTensor({ dims: [2n, 3n] }), 'tensor weight: 16 bytes are not the 24 of its shape [2,3]'],
    [
      'with too few numbers',
      withTensor({ rawData: new Uint8Array(), floatData: [1] }),
      'tensor weight: it holds 1 values, not the 4 of its shape [2,2]',
    ],
  ])('%s', (_, bytes, message) => {
    const error = errorOf(() => readModel(bytes));
    expect([error.code, error.message]).toEqual(['ENCODER', expect.stringContaining(message)]);
  });

  test('at whatever byte it ends', () => {
    const bytes = fixture('import-block-17');
    for (let length = 0; length < bytes.length; length += 997) {
      expect(errorOf(() => readModel(bytes.subarray(0, length))).code, `${length} bytes`).toMatch(/ENCODER|GRAPH_UNSUPPORTED/);
    }
  });
});

describe('a file with some bytes changed', () => {
  test.each([
    ['import-block-17', [3, 5, 16]],
    ['import-resnet-folded', [2, 3, 32, 32]],
  ])('%s is imported or refused in one line, never with another error', (name, shape) => {
    const random = new Random(5);
    const whole = fixture(name);
    const outcomes = Array.from({ length: 200 }, () => {
      const bytes = Uint8Array.from(whole);
      for (let i = 0; i < 3; i++) bytes[Math.floor(random.uniform() * bytes.length)] = Math.floor(random.uniform() * 256);
      try {
        blocksOf(readModel(bytes));
        splice(bytes, shape);
        return 'imported';
      } catch (error) {
        return errorOf(() => {
          throw error;
        }).code;
      }
    });
    expect(new Set(outcomes)).toContain('ENCODER');
    expect(new Set(outcomes)).toContain('imported');
  });
});

describe('what limn cannot import is an error of code GRAPH_UNSUPPORTED', () => {
  test('that lists all such operators, before anything is built', () => {
    const bytes = onnxFile({
      ...linear,
      nodes: [
        { type: 'LSTM', inputs: ['x'], outputs: ['a'], name: 'memory' },
        { type: 'QAttention', inputs: ['a'], outputs: ['b'], name: 'first', domain: 'com.microsoft' },
        { type: 'QAttention', inputs: ['b'], outputs: ['c'], name: 'second', domain: 'com.microsoft' },
        { type: 'DynamicQuantizeLinear', inputs: ['c'], outputs: ['y', 's', 'z'], name: 'narrow' },
      ],
    });
    const graph = new Graph();
    const inputs = { x: graph.input('x', 'float32', [1, 2]) };
    const error = errorOf(() => readModel(bytes).splice({ graph, inputs, outputs: ['y'] }));
    expect([error.code, error.message]).toEqual([
      'GRAPH_UNSUPPORTED',
      'The ONNX file uses operators that limn cannot train through: LSTM (memory), com.microsoft.QAttention (2 nodes, first first), ' +
        'DynamicQuantizeLinear (narrow). The file is quantised: export the model in float32. As a frozen encoder the file can be used as it is.',
    ]);
    expect([graph.nodes, graph.constants]).toEqual([[], []]);
    expect(errorOf(() => readModel(bytes).requireImportable()).message).toBe(error.message);
  });

  test.each([
    [24, 'LSTM', '', 'Export the model with opset 22 or less'],
    [20, 'LSTM', '', 'LSTM (memory). As a frozen encoder'],
    [20, 'Conv', 'com.microsoft.nchwc', 'for one kind of CPU'],
    [20, 'MatMulNBits', 'com.microsoft', 'in float32'],
    [20, 'Special', 'my.company', 'are not of the ONNX standard'],
  ])('and says what helps, by its reason (opset %i, %s %s)', (opset, type, domain, way) => {
    const nodes = [{ type, inputs: ['x'], outputs: ['y'], name: 'memory', domain }];
    expect(errorOf(() => splice(onnxFile({ ...linear, opset, nodes }))).message).toContain(way);
  });

  test('but only of those that the wanted outputs need', () => {
    const nodes = [...linear.nodes, { type: 'LSTM', inputs: ['y'], outputs: ['z'], name: 'memory' }];
    expect(splice(onnxFile({ ...linear, outputs: ['y', 'z'], nodes })).values.y?.shape).toEqual([3, 2]);
  });

  test.each<[string, Uint8Array, string]>([
    ['another operator set', onnxFile({ ...linear, opset: 6 }), 'operator set 6, and limn reads 7 to 25'],
    ['another element type', withTensor({ dataType: 14 }), 'Tensor weight of the ONNX file has elements of ONNX type 14, which'],
    [
      'quantised weights',
      withTensor({ dataType: 3 }),
      'has elements of int8, as quantised models do, which limn cannot compute with',
    ],
  ])('%s', (_, bytes, message) => {
    const error = errorOf(() => readModel(bytes));
    expect([error.code, error.message]).toEqual(['GRAPH_UNSUPPORTED', expect.stringContaining(message)]);
  });
});

describe('values beside the model', () => {
  const outside = (place: Record<string, string>) => onnxFile({ ...linear, external: { weight: place } });
  const whole = { location: 'model.onnx_data', offset: '4', length: '16' };

  test('are read from where the file says', () => {
    const data = packed(float32([5], [9, 1, 2, 3, 4]));
    const asked: unknown[] = [];
    const externalData = (location: string, offset: number, length: number) => {
      asked.push([location, offset, length]);
      return data.subarray(offset, offset + length);
    };
    expect(readModel(outside(whole), { externalData }).weights.get('weight')?.content()).toEqual(weight);
    expect(asked).toEqual([['model.onnx_data', 4, 16]]);
  });

  test.each(['../secret', '/etc/passwd', 'a/../../b', 'C:\\data', '\\\\host\\data', '', 'a\0b'])(
    'are not read from %j',
    (location) => {
      const externalData = () => {
        throw new Error('was read');
      };
      const error = errorOf(() => readModel(outside({ ...whole, location }), { externalData }));
      expect([error.code, error.message]).toEqual([
        'ENCODER',
        expect.stringContaining("which is not a file in the model's folder"),
      ]);
    },
  );

  test.each<[string, Record<string, string>, (() => Uint8Array) | undefined, string]>([
    ['without a reader', whole, undefined, 'lie in model.onnx_data, beside the model, and only the model was given'],
    [
      'of another length',
      { ...whole, length: '12' },
      () => new Uint8Array(12),
      '12 bytes from 4 of model.onnx_data are not the 16',
    ],
    ['from nowhere', { ...whole, offset: '-1' }, () => new Uint8Array(16), '16 bytes from -1 of model.onnx_data'],
    ['cut short', whole, () => new Uint8Array(7), '7 bytes are not the 16 of its shape'],
    [
      'that cannot be read',
      whole,
      () => {
        throw new Error('no such file');
      },
      'could not be read from model.onnx_data (no such file)',
    ],
  ])('%s are an error', (_, place, externalData, message) => {
    const error = errorOf(() => readModel(outside(place), externalData ? { externalData } : {}));
    expect([error.code, error.message]).toEqual(['ENCODER', expect.stringContaining(message)]);
  });
});

describe('numbers of other widths become float32', () => {
  const halves = Uint8Array.from([0x00, 0x3c, 0x00, 0xc0, 0x00, 0x38, 0x00, 0x00]); // 1, -2, 0.5, 0
  const upper = Uint8Array.from([0x80, 0x3f, 0x00, 0xc0, 0x00, 0x3f, 0x00, 0x00]);
  test.each<[string, Record<string, unknown>]>([
    ['float16', { dataType: 10, rawData: halves }],
    ['float16 as numbers', { dataType: 10, rawData: new Uint8Array(), int32Data: [0x3c00, 0xc000, 0x3800, 0] }],
    ['bfloat16', { dataType: 16, rawData: upper }],
    ['double', { dataType: 11, rawData: new Uint8Array(Float64Array.of(1, -2, 0.5, 0).buffer) }],
    ['double as numbers', { dataType: 11, rawData: new Uint8Array(), doubleData: [1, -2, 0.5, 0] }],
    ['float32 as numbers', { rawData: new Uint8Array(), floatData: [1, -2, 0.5, 0] }],
  ])('%s', (_, change) => {
    const read = readModel(withTensor(change)).weights.get('weight')!.content();
    expect([read.dtype, [...read.data]]).toEqual(['float32', [1, -2, 0.5, 0]]);
  });
});

describe('splice', () => {
  test('takes nodes in any order', () => {
    const add = { type: 'Add', inputs: ['product', 'x'], outputs: ['y'] };
    const product = { type: 'MatMul', inputs: ['x', 'weight'], outputs: ['product'] };
    const { values } = splice(onnxFile({ ...linear, nodes: [add, product] }));
    expect(values.y?.producer?.type).toBe('Add');
  });

  test.each<[string, number[], string[], string, string]>([
    [
      'an input of another size',
      [3, 4],
      ['y'],
      'ENCODER',
      'Input x of the ONNX file is float32[rows,2] and cannot be float32[3,4]',
    ],
    ['an input of another rank', [3], ['y'], 'ENCODER', 'Input x of the ONNX file is float32[rows,2] and cannot be float32[3]'],
    ['an output that is not there', [3, 2], ['z'], 'ENCODER', 'The ONNX file computes no value z: its outputs are y.'],
  ])('%s is an error', (_, shape, outputs, code, message) => {
    const error = errorOf(() => splice(onnxFile(linear), shape, outputs));
    expect([error.code, error.message]).toEqual([code, expect.stringContaining(message)]);
  });

  test('without an input that is needed, or with one that is not there, is an error', () => {
    const model = readModel(onnxFile(linear));
    const graph = new Graph();
    expect(() => model.splice({ graph, inputs: {}, outputs: ['y'] })).toThrow(
      'The ONNX file needs its input x, and the given ones are none.',
    );
    const inputs = { picture: graph.input('picture', 'float32', [1, 2]) };
    expect(() => model.splice({ graph, inputs, outputs: ['y'] })).toThrow(
      'The ONNX file has no input picture: its inputs are x.',
    );
  });

  test('with a weight of another shape is an error', () => {
    const graph = new Graph();
    const inputs = { x: graph.input('x', 'float32', [1, 2]) };
    const other = graph.input('other', 'float32', [2, 3]);
    expect(() => readModel(onnxFile(linear)).splice({ graph, inputs, weight: () => other, outputs: ['y'] })).toThrow(
      'Weight weight of the ONNX file is float32[2,2] and cannot be float32[2,3].',
    );
  });

  test('twice into one graph shares the constants', () => {
    const graph = new Graph();
    const model = readModel(fixture('import-block-17'));
    const big = () => graph.constants.filter(({ shape }) => shape.length === 2).length;
    const counts = ['a', 'b'].map((name) => {
      const inputs = { x: graph.input(name, 'float32', [1, 5, 16]) };
      model.splice({ graph, inputs, outputs: ['y'], weight: () => undefined });
      return big();
    });
    expect(counts).toEqual([6, 6]);
  });

  test('of a batch that the file fixes says what works', () => {
    const fixed = onnxFile({ ...linear, inputs: { x: { dtype: 'float32', dims: [1, 2] } } });
    expect(errorOf(() => splice(fixed)).message).toContain(
      'with "batch": 1 in its description; to train it, export it with a dynamic',
    );
  });

  test('that fails leaves the graph as it was', () => {
    const nodes = [...linear.nodes, { type: 'Add', inputs: ['y', 'other'], outputs: ['z'] }];
    const bytes = onnxFile({ ...linear, nodes, outputs: ['z'], initializers: { weight, other: float32([5], [1, 2, 3, 4, 5]) } });
    const graph = new Graph();
    const inputs = { x: graph.input('x', 'float32', [3, 2]) };
    errorOf(() => readModel(bytes).splice({ graph, inputs, outputs: ['z'] }));
    expect([graph.nodes, graph.constants]).toEqual([[], []]);
    expect(graph.constant(weight).name).not.toBe('');
  });

  test('names the node whose inputs do not fit', () => {
    const bytes = onnxFile({ ...linear, initializers: { weight: float32([3, 2], [1, 2, 3, 4, 5, 6]) } });
    const error = errorOf(() => splice(bytes));
    expect([error.code, error.message]).toEqual([
      'GRAPH_SHAPE',
      'Node product of the ONNX file cannot be imported: MatMul(x: float32[3,2], weight: float32[3,2]): the inner extents differ: 2 against 3.',
    ]);
  });
});

describe('weights', () => {
  const of = (initializers: Record<string, Tensor>, nodes: FileSpec['nodes']) => [
    ...readModel(onnxFile({ ...linear, initializers, nodes })).weights.keys(),
  ];

  test('are the float initializers that are no setting, statistic or mask of the exporter', () => {
    const four = float32([2], [1, 2]);
    const names = of(
      {
        scale: four,
        bias: four,
        mean: four,
        variance: four,
        low: float32([], [0]),
        'onnx::Add_7': float32([2], [0, -3e38]),
        'onnx::Mul_8': float32([], [8]),
        const_3: four,
        'onnx::Add_9': four,
        rows: int64([1], [0]),
        unused: four,
      },
      [
        { type: 'BatchNormalization', inputs: ['x', 'scale', 'bias', 'mean', 'variance'], outputs: ['a'] },
        { type: 'Clip', inputs: ['a', 'low'], outputs: ['b'] },
        { type: 'Add', inputs: ['b', 'onnx::Add_7'], outputs: ['c'] },
        { type: 'Mul', inputs: ['c', 'onnx::Mul_8'], outputs: ['d'] },
        { type: 'Add', inputs: ['d', 'onnx::Add_9'], outputs: ['f'] },
        { type: 'Add', inputs: ['f', 'const_3'], outputs: ['e'] },
        { type: 'Gather', inputs: ['e', 'rows'], outputs: ['y'] },
      ],
    );
    expect(names).toEqual(['scale', 'bias', 'onnx::Add_9']);
  });

  test('that an exporter stored once because they were equal are apart again', () => {
    const bytes = onnxFile({
      ...linear,
      initializers: { 'layers.0.bias': float32([2], [0, 0]) },
      nodes: [
        { type: 'Identity', inputs: ['layers.0.bias'], outputs: ['layers.1.bias'] },
        { type: 'Add', inputs: ['x', 'layers.0.bias'], outputs: ['a'] },
        { type: 'Add', inputs: ['a', 'layers.1.bias'], outputs: ['y'] },
      ],
    });
    const model = readModel(bytes);
    expect([...model.weights.keys()]).toEqual(['layers.0.bias', 'layers.1.bias']);
    const graph = new Graph();
    const asked: string[] = [];
    model.splice({
      graph,
      inputs: { x: graph.input('x', 'float32', [1, 2]) },
      outputs: ['y'],
      weight: (name, { shape }) => {
        asked.push(name);
        return graph.input(name, 'float32', shape);
      },
    });
    expect(asked).toEqual(['layers.0.bias', 'layers.1.bias']);
  });
});

describe('blocksOf', () => {
  test.each([
    ['import-clip-script', '/model/vision_model/encoder/layers.0/Add_1_output_0'],
    ['import-clip-dynamo', 'add_149'],
  ])('%s: both towers, the weights without a name too, and what each block hands on', (name, output) => {
    const model = readModel(fixture(name));
    const blocks = blocksOf(model);
    expect(blocks.map((block) => block.name)).toEqual([
      'model.vision_model.encoder.layers.0',
      'model.vision_model.encoder.layers.1',
      'model.text_model.encoder.layers.0',
      'model.text_model.encoder.layers.1',
    ]);
    // Four projections with biases, two norms, two layers of the MLP.
    for (const { weights } of blocks) expect(weights).toHaveLength(16);
    expect(new Set(blocks.flatMap(({ weights }) => weights)).size).toBe(64);
    for (const block of blocks)
      for (const each of block.weights.filter((other) => other.startsWith('model.')))
        expect(each.startsWith(`${block.name}.`)).toBe(true);
    // Each hidden size of 16 is used: six products and their sizes.
    const sizes = blocks.map(({ weights }) => weights.reduce((sum, each) => sum + sizeOf(model.weights.get(each)!.shape), 0));
    expect(sizes).toEqual([0, 1, 2, 3].map(() => 4 * (16 * 16 + 16) + 2 * 32 + (16 * 24 + 24) + (24 * 16 + 16)));
    expect([blocks[0]?.output, blocks[1]?.output]).toEqual([output, 'image_tokens']);
    expect(new Set(blocks.map((block) => block.output)).size).toBe(4);
  });

  test.each([
    ['import-resnet', 12],
    ['import-resnet-folded', 8],
  ])('%s: residual blocks, by the names of weights or of nodes', (name, count) => {
    const blocks = blocksOf(readModel(fixture(name)));
    expect(blocks.map((block) => [block.name, block.weights.length, block.output])).toEqual([
      ['layer1.0', count, '/layer1/layer1.0/Add_output_0'],
      ['layer1.1', count, '/layer1/layer1.1/Add_output_0'],
      ['layer2.0', count, '/layer2/layer2.0/Add_output_0'],
    ]);
  });

  test.each([
    ['visual.transformer.resblocks.3.attn.in_proj_weight', 'visual.transformer.resblocks.3'],
    ['visual.layer3.11.bn1.weight', 'visual.layer3.11'],
    ['blocks.7.norm.bias', 'blocks.7'],
    ['stages.2.blocks.1.mlp.fc.weight', 'stages.2.blocks.1'],
    ['stages.2.1.conv1.weight', 'stages.2.1'],
    ['vision_model.encoder.stages.0.layers.2.weight', 'vision_model.encoder.stages.0.layers.2'],
    ['features.4.conv.weight', 'features.4'],
    ['encoder.layer.2.output.dense.weight', 'encoder.layer.2'],
    ['token_embedding.weight', undefined],
    ['layer_norm.weight', undefined],
  ])('%s is of %s', (name, block) => {
    const bytes = onnxFile({
      ...linear,
      initializers: { [name]: weight },
      nodes: [{ type: 'MatMul', inputs: ['x', name], outputs: ['y'] }],
    });
    expect(blocksOf(readModel(bytes)).map((each) => each.name)).toEqual(block ? [block] : []);
  });
});
