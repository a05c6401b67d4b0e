/**
 * A training step of the difference captioner: limn against the same model in PyTorch, in turns, each in a process of its own.
 *
 *     npm run bench -- captioner                    the race; needs torch in $LIMN_PYTHON or python3; without it: --limn-only
 *     npm run bench -- captioner --profile       where a limn step spends its time, by operator
 *
 * Its sizes are those of the bench decoding. Both start from the same weights; before the race their losses and gradient norms of three
 * steps on one batch are compared. Results go to bench/results/captioner-step.json.
 */

import { parseArgs } from 'node:util';
import { captionerSizes } from '../lib/captioner-sizes.js';
import { reportFailure } from '../lib/report-failure.js';
import { optimizer, raceFlags, raceSteps, turnsOf } from '../lib/step-race.js';

const { values: flags } = parseArgs({
  options: { ...raceFlags, batch: { type: 'string', default: '64' }, dropout: { type: 'string', default: '0.1' } },
});
const options = {
  ...captionerSizes,
  batch: Number(flags.batch),
  threads: Number(flags.threads),
  dropout: Number(flags.dropout),
  optimizer,
};

try {
  const sides = { limn: 'captioner-side', pytorch: 'captioner_step.py' };
  await raceSteps('captioner-step', { flags, options, turns: turnsOf(flags), ...sides });
} catch (error) {
  reportFailure(error);
}
