/**
 * How the operators of a file become limn's: mostly as they are, with the forms of older operator sets brought to opset 20, and
 * some written with others. A rule gets the node's inputs as values and returns its outputs.
 */
import { need } from '../ops/broadcast.js';
import { ShapeMistake } from '../registry.js';
import { arithmeticRules } from './arithmetic-rules.js';
import { pick, type Rule } from './call.js';
import { layoutRules } from './layout-rules.js';

/** Operators that are taken as they are, with the attributes that they keep. */
const direct: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(
    (
      'Abs Add And Ceil Cos Div Equal Erf Exp Floor GlobalAveragePool Greater GreaterOrEqual HardSwish IsNaN Less LessOrEqual ' +
      'Log MatMul Mul Neg Not Or Reciprocal Relu Round Sigmoid Sign Sin Sqrt Sub Tanh Where Xor'
    )
      .split(' ')
      .map((type) => [type, []]),
  ),
  ArgMax: ['axis', 'keepdims', 'select_last_index'],
  ArgMin: ['axis', 'keepdims', 'select_last_index'],
  Concat: ['axis'],
  CumSum: ['exclusive', 'reverse'],
  Flatten: ['axis'],
  Gather: ['axis'],
  GatherElements: ['axis'],
  Gemm: ['alpha', 'beta', 'transA', 'transB'],
  HardSigmoid: ['alpha', 'beta'],
  LayerNormalization: ['axis', 'epsilon'],
  Mod: ['fmod'],
  ScatterElements: ['axis', 'reduction'],
  ScatterND: ['reduction'],
  Trilu: ['upper'],
  'com.microsoft.FusedMatMul': ['alpha', 'transA', 'transB'],
  'com.microsoft.Gelu': [],
};

/** By operator, with its domain before it where that is not ONNX's own. */
export const rules: Readonly<Record<string, Rule>> = {
  ...Object.fromEntries(
    Object.entries(direct).map(([type, kept]): [string, Rule] => [
      type,
      ({ inputs, attributes, emit }) => emit(type.split('.').at(-1) as string, inputs, pick(attributes, kept)),
    ]),
  ),
  ...arithmeticRules,
  ...layoutRules,
  If: (call) => {
    const condition = need(call.inputs, 0).constant;
    if (!condition) throw new ShapeMistake('limn imports a branch only where the shapes decide it.');
    return call.body(condition.data[0] ? 'then_branch' : 'else_branch');
  },
};
