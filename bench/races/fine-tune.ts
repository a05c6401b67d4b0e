/**
 * A fine-tuning step of CLIP's ViT-B/32 for images, of random weights, all of which are trained: limn, which differentiates the
 * tower's ONNX file, against the same tower in PyTorch. In turns, each in a process of its own.
 *
 *     npm run bench -- fine-tune                    the race; needs torch in $LIMN_PYTHON or python3; without it: --limn-only
 *     npm run bench -- fine-tune --profile       where a limn step spends its time, by operator
 *
 * The loss is CLIP's for images: each embedding is to be nearest to its own text's, and those of the texts are given. Both start from the
 * same weights; before the race their losses and gradient norms of three steps on one batch are compared. Results go to
 * bench/results/fine-tune-step.json.
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { clipSizes } from '../../test/support/clip/random-clip.js';
import { writeRandomTower } from '../lib/random-tower.js';
import { reportFailure } from '../lib/report-failure.js';
import { optimizer, raceFlags, raceSteps, turnsOf } from '../lib/step-race.js';

const { values: flags } = parseArgs({
  options: {
    ...raceFlags,
    steps: { type: 'string', default: '3' },
    warmup: { type: 'string', default: '3' },
    batch: { type: 'string', default: '8' },
  },
});
const batch = Number(flags.batch);
const folder = await mkdtemp(join(tmpdir(), 'limn-bench-fine-tune-'));
try {
  const { image, vision, projection } = clipSizes['vit-b-32']!;
  const { description, weights } = await writeRandomTower(folder, batch);
  const options = {
    batch,
    threads: Number(flags.threads),
    image,
    ...vision,
    projection,
    images: 32,
    optimizer: { ...optimizer, learningRate: 1e-5 },
    tower: { description, weights },
  };
  await raceSteps('fine-tune-step', {
    flags,
    options,
    turns: turnsOf(flags),
    limn: 'fine-tune-side',
    pytorch: 'fine_tune_step.py',
  });
} catch (error) {
  reportFailure(error);
} finally {
  await rm(folder, { recursive: true, force: true });
}
