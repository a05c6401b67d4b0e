/**
 * A training step of LIMN: limn against the same model in PyTorch, in turns, each in a process of its own.
 *
 *     npm run bench -- step                       the race; needs torch in $LIMN_PYTHON or python3; without it: --limn-only
 *     npm run bench -- step --size paper       at the paper's size: d=512, 257 picture tokens, 77 words, batches of 16
 *     npm run bench -- step --profile          where a limn step spends its time, by operator
 *     npm run bench -- step --loop             small models with 1, 4 and 16 steps a run
 *     npm run bench -- step --recipe           limn with the recipe of configs/product-photos.json against limn without it
 *
 * Both start from the same weights; before the race their losses and gradient norms of three steps on one batch are compared.
 * Results go to bench/results/training-step.json, training-step-paper.json, loop.json and training-step-recipe.json.
 */

import { parseArgs } from 'node:util';
import { reportFailure } from '../lib/report-failure.js';
import { saveResult } from '../lib/save-result.js';
import { stepFlags, stepOptions } from '../lib/step-options.js';
import { raceFlags, raceSteps } from '../lib/step-race.js';
import { loop } from './loop.js';
import { raceRecipe } from './recipe-race.js';

const ownFlags = { loop: { type: 'boolean', default: false }, recipe: { type: 'boolean', default: false } } as const;
const { values: flags } = parseArgs({ options: { ...stepFlags, ...raceFlags, ...ownFlags } });

try {
  const { options, turns } = stepOptions(flags);
  const name = flags.size === 'usual' ? 'training-step' : `training-step-${flags.size}`;
  if (flags.loop) await saveResult('loop', await loop(options.threads, turns.rounds));
  else if (flags.recipe) await raceRecipe({ options, turns });
  else await raceSteps(name, { flags, options, turns, limn: 'training-side', pytorch: 'training_step.py' });
} catch (error) {
  reportFailure(error);
}
