import type { Command } from 'commander';
import { expect, it, test } from 'vitest';
import { indexCommand } from './commands/index-images.js';
import { learnCommand } from './commands/learn.js';
import { learnsFirst } from './learns-first.js';

const asked = async (words: readonly string[]): Promise<boolean> => {
  let found = false;
  const command = indexCommand().action((flags: object, self: Command) => {
    found = learnsFirst(flags, self);
  });
  await command.parseAsync(words, { from: 'user' });
  return found;
};

test.each([
  [['--images', 'photos', '--out', 'shop', '--learn', '--list', 'shop.csv', '--minutes', '3', '--no-plus', '--json'], true],
  [['--images', 'photos', '--out', 'shop', '--model', 'runs/mine', '--prune'], false],
])('%j', async (words, expected) => {
  expect(await asked(words)).toBe(expected);
});

test.each([
  [['--model', 'runs/mine', '--minutes', '3'], '--minutes needs --learn'],
  [['--model', 'runs/mine', '--no-plus'], '--no-plus needs --learn'],
  [['--learn', '--model', 'runs/mine'], '--model does not go with --learn'],
  [['--learn', '--queue', 'redis://127.0.0.1'], '--queue does not go with --learn'],
])('%j is refused', async (words, message) => {
  await expect(asked(words)).rejects.toMatchObject({ code: 'USAGE', message: expect.stringContaining(message) });
});

it('has every option of "limn learn"', () => {
  const flags = ({ options }: Command) => options.map((option) => option.flags);
  expect(flags(indexCommand())).toEqual(expect.arrayContaining(flags(learnCommand()).filter((one) => !one.startsWith('--list'))));
});
