/**
 * How the operators of a file become limn's: mostly as they are, with the forms of older operator sets brought to opset 20, and
 * some written with others. A rule gets the node's inputs as values and returns its outputs.
 */
import { need } from '../ops/broadcast.js';
import { ShapeError } from '../registry.js';
import { activationRules } from './activation-rules.js';
import { arithmeticRules } from './arithmetic-rules.js';
import { attentionRules } from './attention-rules.js';
import { type ImportRule, pick } from './call.js';
import { einsum } from './einsum-rule.js';
import { indexRules } from './index-rules.js';
import { layoutRules } from './layout-rules.js';
import { normalizationRules } from './normalization-rules.js';
import { resizeRules } from './resize-rules.js';
import { sequenceRules } from './sequence-rules.js';
import { windowRules } from './window-rules.js';

/** Operators that are taken as they are, with the attributes that they keep. */
const direct: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(
    (
      'Abs Acos Acosh Add And Asin Asinh Atan Atanh BitwiseAnd BitwiseNot BitwiseOr BitwiseXor Ceil Cos Cosh Div Equal Erf Exp ' +
      'Floor GlobalAveragePool Greater GreaterOrEqual HardSwish IsNaN Less LessOrEqual ' +
      'Log Mul Neg Not Or Reciprocal Relu Round Sigmoid Sign Sin Sinh Softplus Sqrt Sub Tan ' +
      'Tanh Where Xor'
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
  HardSigmoid: ['alpha', 'beta'],
  IsInf: ['detect_negative', 'detect_positive'],
  Mod: ['fmod'],
  Scatter: ['axis'],
  ScatterElements: ['axis', 'reduction'],
  ScatterND: ['reduction'],
  Trilu: ['upper'],
  'com.microsoft.Gelu': [],
};

/** What says nothing of the result: the precision inside, what a cast does to numbers too large, and the like. */
const harmless = new Set(['stash_type', 'saturate', 'round_mode']);

/** Scatter is what ScatterElements was called before opset 11. */
const limnName = (type: string) => (type === 'Scatter' ? 'ScatterElements' : (type.split('.').at(-1) as string));

/** By operator, with its domain before it where that is not ONNX's own. */
export const rules: Readonly<Record<string, ImportRule>> = {
  ...Object.fromEntries(
    Object.entries(direct).map(([type, kept]): [string, ImportRule] => [
      type,
      ({ inputs, attributes, emit }) => {
        const unknown = Object.keys(attributes).find((name) => !kept.includes(name) && !harmless.has(name));
        if (unknown !== undefined) throw new ShapeError(`limn does not support its attribute ${unknown}.`);
        return emit(limnName(type), inputs, pick(attributes, kept));
      },
    ]),
  ),
  ...arithmeticRules,
  ...activationRules,
  ...attentionRules,
  ...indexRules,
  ...layoutRules,
  ...normalizationRules,
  ...resizeRules,
  ...sequenceRules,
  ...windowRules,
  Einsum: einsum,
  If: (call) => {
    const condition = need(call.inputs, 0).constant;
    if (!condition) throw new ShapeError('limn imports an If only if the shapes determine its branch.');
    return call.body(condition.data[0] ? 'then_branch' : 'else_branch');
  },
};
