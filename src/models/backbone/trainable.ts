/** An encoder from an ONNX file that is trained with the rest: its graph becomes a part of the model's own. */

import * as f from '../../engine/graph/functions.js';
import type { ImportedModel, Value } from '../../engine/graph/index.js';
import type { Context } from '../../engine/nn/context.js';
import type { EncoderDescription } from '../encoders/image/description.js';
import type { TextDescription } from '../encoders/text/text-description.js';

/** An encoder's file, and what of it is trained. */
export interface TrainableEncoder<Description> {
  readonly description: Description;
  readonly model: ImportedModel;
  /** Names of the weights that are trained; the others stay as they are. */
  readonly trained: ReadonlySet<string>;
  /** Names of the values behind its blocks, where a training may compute activations again. */
  readonly cuts: readonly string[];
}

export interface TrainableEncoders {
  image?: TrainableEncoder<EncoderDescription>;
  text?: TrainableEncoder<TextDescription>;
  /** Factor on the learning rate of the encoders' weights. @default 1 */
  learningRateScale?: number;
  /** Is given the values at the cuts, in the order of computation. */
  onCut?: (value: Value) => void;
}

/** Adds an encoder's graph to the context's; its trained weights are the parameters `encoder.NAME`. @returns its outputs by name */
export function splice<D>(
  context: Context,
  { learningRateScale = 1, onCut }: TrainableEncoders,
  { model, trained, cuts }: TrainableEncoder<D>,
  inputs: Readonly<Record<string, Value>>,
  outputs: readonly string[],
): Record<string, Value> {
  const scope = context.scope('encoder');
  const marked = onCut ? cuts : [];
  const values = model.splice({
    graph: context.graph,
    inputs,
    outputs: [...new Set([...outputs, ...marked])],
    weight: (name, weight) =>
      trained.has(name)
        ? scope.stored(name, weight.shape, () => weight.content().data as Float32Array, { learningRateScale })
        : undefined,
  });
  for (const cut of marked) onCut?.(values[cut] as Value);
  return values;
}

/** An encoder's local output as one vector a place: (B, tokens, channels). */
export function localTokens({ outputs }: EncoderDescription, raw: Value): Value {
  if (outputs.localForm === 'map') {
    const [batch, channels, height, width] = raw.shape as [number, number, number, number];
    return f.transpose(f.reshape(raw, [batch, channels, height * width]), [0, 2, 1]);
  }
  return outputs.skipTokens > 0 ? f.slice(raw, 1, outputs.skipTokens, raw.shape[1] as number) : raw;
}
