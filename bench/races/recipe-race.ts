/** A training step with the recipe of configs/product-photos.json against one without it, in turns, at the sizes of that config. */
import { readFile } from 'node:fs/promises';
import type { StepOptions } from '../lib/configs.js';
import { inCheckout } from '../lib/paths.js';
import { saveResult } from '../lib/save-result.js';
import { type Measured, type Side, startLimn, type Turns, takeTurns } from '../lib/sides.js';

/** @param options what a side is started with @param turns of takeTurns */
export async function raceRecipe({ options, turns }: { options: StepOptions; turns: Turns }): Promise<void> {
  const { train } = JSON.parse(await readFile(inCheckout('configs/product-photos.json'), 'utf8'));
  const { width, words, textLayers, localTokenPrior, dropout, ...recipe } = train.model;
  const { averageDecay, tokenSubsample } = train.training;
  // A step sees some tokens of each image, so the bench's images have no more.
  const image = { ...options.image, tokens: tokenSubsample };
  const plain = { ...options, batch: train.batchSize, width, words, dropout, image, model: { textLayers, localTokenPrior } };
  const whole = {
    ...plain,
    model: { ...plain.model, ...recipe },
    optimizer: { ...options.optimizer, averageDecay },
  };
  const sides: Side[] = [];
  try {
    for (const side of [whole, plain]) sides.push(await startLimn(side));
    const [withIt, without] = (await takeTurns(sides, turns)) as [Measured, Measured];
    const row = (side: string, { milliseconds: { median, quartiles }, peakMiB }: Measured) => ({
      side,
      'median ms': median,
      'quartiles ms': quartiles.join(' - '),
      'peak MiB': peakMiB,
    });
    console.table([row('with the recipe', withIt), row('without', without)]);
    const ratio = Number((withIt.milliseconds.median / without.milliseconds.median).toFixed(3));
    const memory = Number((withIt.peakMiB / without.peakMiB).toFixed(3));
    console.log(`a step with the recipe takes ${ratio} times as long and ${memory} times the memory`);
    await saveResult('training-step-recipe', { options: whole, ratio, memory, withIt, without });
  } finally {
    for (const side of sides) await side.end({ kill: true });
  }
}
