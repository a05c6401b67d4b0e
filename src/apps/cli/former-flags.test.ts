import { expect, it } from 'vitest';
import { sayFormerNames } from '../../core/former-names.js';
import { presentFlags } from './former-flags.js';
import { newProgram } from './program.js';

it('takes former flags for those of today, with a note of each', () => {
  const said: string[] = [];
  sayFormerNames((message) => said.push(message));
  const words = ['train', '--picture-size', '32', '--recompute', '--picture-size=16', '--out', 'x', '--', '--recompute'];
  expect(presentFlags(words)).toEqual([
    ...['train', '--image-size', '32', '--gradient-checkpointing', '--image-size=16', '--out', 'x', '--', '--recompute'],
  ]);
  expect(said).toEqual([
    expect.stringContaining('"--picture-size" is called "--image-size" now'),
    expect.stringContaining('"--recompute" is called "--gradient-checkpointing" now'),
  ]);
});

it('knows the present ones, which alone are in the help', async () => {
  const train = (await newProgram()).commands.find((command) => command.name() === 'train');
  const help = train?.helpInformation() ?? '';
  for (const flag of ['--image-size', '--gradient-checkpointing']) expect(help).toContain(flag);
  for (const flag of ['--picture-size', '--recompute']) expect(help).not.toContain(flag);
});
