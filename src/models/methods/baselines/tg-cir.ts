/**
 * In the style of TG-CIR (Wen et al., "Target-Guided Composed Image Retrieval", ACM MM 2023), of the authors' own line: attribute
 * features beside the global one, a composition that keeps or replaces each of them, and a regulariser that takes from the targets'
 * likeness to each other how wrong a wrong answer is. The equations are this project's; the original's teacher branch, which sees
 * the target while it composes, is left out.
 *
 * A feature set is A attributes and the global feature: (B, A + 1, d). A text gives its attributes from its words.
 */
import { z } from 'zod';
import * as f from '../../../engine/graph/functions.js';
import type { Value } from '../../../engine/graph/index.js';
import { type Context, init } from '../../../engine/nn/context.js';
import { linear, mlp } from '../../../engine/nn/layers.js';
import { factorOrthogonality } from '../../../engine/nn/losses.js';
import type { EncodedInput } from '../../backbone/encoded.js';
import { inBatchClassification } from '../classification.js';
import { defineMethod, type MethodConfig } from '../define-method.js';
import type { BatchRows, Embedding } from '../method.js';
import { limnOptions } from './limn-options.js';

const share = z.number().nonnegative().default(1);
const options = z.object({
  ...limnOptions('tg-cir'),
  /** A, the number of attributes. */
  factors: z.int().positive().default(8),
  /** Weights of the regulariser ("agreement") and of keeping the attributes apart; the classification has 1. */
  weights: z.strictObject({ factors: share, agreement: share, factorOrthogonality: share }).prefault({}),
});
type Config = MethodConfig<typeof options>;

interface AttributeEmbedding extends Embedding {
  /** The attribute features of a picture, kept apart by the loss; a query has those of its reference. (B, A, d) */
  attributes: Value;
}

export const tgCir = defineMethod({
  id: 'tg-cir',
  options,
  sees: () => ({ image: true, text: true }),
  local: () => true,
  embedQuery(context, config, image, text): AttributeEmbedding {
    const seen = featureSet(context.scope('picture_attributes'), config, image as EncodedInput);
    const asked = featureSet(context.scope('text_attributes'), config, text as EncodedInput);
    return { matching: match(compose(context.scope('compose'), config, seen, asked)), attributes: attributesOf(seen) };
  },
  embedTarget(context, config, image) {
    const set = featureSet(context.scope('picture_attributes'), config, image);
    return { matching: match(set), attributes: attributesOf(set) };
  },
  loss,
});

/** Each attribute's learned query attends over the tokens; the global feature comes behind: (B, A + 1, d). */
function featureSet(context: Context, { factors: count, width }: Config, { tokens, bias, global }: EncodedInput): Value {
  const queries = context.parameter('queries', [count, width], init.normal(1 / Math.sqrt(width)), { decay: false });
  const logits = f.matmul(queries, linear(context, 'key', tokens!, width), { transB: true }); // (B, A, n)
  const weights = f.softmax(bias ? f.add(logits, f.unsqueeze(bias, [1])) : logits);
  const attributes = f.matmul(weights, linear(context, 'value', tokens!, width));
  return f.concat([attributes, f.unsqueeze(global, [1])], 1);
}

const attributesOf = (set: Value) => f.slice(set, 1, 0, (set.shape[1] as number) - 1);

/** keep * reference + replace * text, with gates for each channel of each feature that see both. */
function compose(context: Context, { width, dropout }: Config, image: Value, text: Value): Value {
  const both = f.concat([image, text], 2);
  const gate = (name: string) => f.sigmoid(mlp(context, name, both, { hidden: width, out: width, dropout, activation: 'relu' }));
  return f.add(f.mul(gate('keep'), image), f.mul(gate('replace'), text));
}

/** The features of a set, each of length 1, side by side: their inner product is the sum of the features' cosines. */
function match(set: Value): Value {
  const [batch, count, width] = set.shape as [number, number, number];
  return f.mul(f.reshape(f.l2Normalize(set), [batch, count * width]), 1 / Math.sqrt(count));
}

/**
 * Classification, orthogonal attributes, and KL(softmax of the targets' likeness || softmax of the query's), over the targets of all rows
 * and whatever else are candidates.
 */
function loss(context: Context, config: Config, query: AttributeEmbedding, target: AttributeEmbedding, rows: BatchRows) {
  const { logits, classify } = inBatchClassification(context.scope('loss'), config, rows);
  const byQuery = logits('matching_scale', f.matmul(query.matching, target.matching, { transB: true }));
  const batch = query.matching.shape[0] as number;
  const own = config.referenceNegatives ? f.slice(target.matching, 0, 0, batch) : target.matching;
  const likeness = logits('matching_scale', f.matmul(own, target.matching, { transB: true }));
  const wanted = f.logSoftmax(likeness);
  const classification = classify(byQuery);
  const divergence = f.mul(f.exp(wanted), f.sub(wanted, f.logSoftmax(byQuery)));
  const regulariser = f.reduceMean(f.reduceSum(divergence, [1]));
  const apart = f.add(factorOrthogonality(query.attributes), factorOrthogonality(target.attributes));
  const total = f.add(
    classification,
    f.mul(regulariser, config.weights.agreement),
    f.mul(apart, config.weights.factorOrthogonality),
  );
  return { loss: total, metrics: { classification, regulariser, disentangling: apart } };
}
