import { Command } from 'commander';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { settingOption } from './setting-option.js';

const settings = z.strictObject({
  epochs: z.int().positive().default(12).describe('passes over the data'),
  share: z.number().positive().max(1).default(0.5).describe('of the places'),
  dropout: z.number().min(0).lt(1).default(0.1).describe('chance that a value is left out'),
  activation: z.enum(['gelu', 'relu']).default('gelu').describe('of the feed-forward parts'),
  gradientCheckpointing: z.boolean().default(false).describe('less memory, more time'),
  later: z.int().positive().optional().describe('when'),
}).shape;

const options = {
  epochs: settingOption('--epochs <count>', settings.epochs),
  share: settingOption('--share <part>', settings.share),
  dropout: settingOption('--dropout <chance>', settings.dropout),
  activation: settingOption('--activation <name>', settings.activation),
  gradientCheckpointing: settingOption('--gradient-checkpointing', settings.gradientCheckpointing),
  later: settingOption('--later <count>', settings.later, { usually: 'at the end' }),
};

function parsed(...args: string[]): Record<string, unknown> {
  const command = new Command().exitOverride().configureOutput({ writeErr: () => {} });
  for (const option of Object.values(options)) command.addOption(option);
  return command.parse(args, { from: 'user' }).opts();
}

it('says what the schema says', () => {
  expect(Object.fromEntries(Object.entries(options).map(([key, { description }]) => [key, description]))).toEqual({
    epochs: 'passes over the data (default: 12)',
    share: 'of the places (default: 0.5)',
    dropout: 'chance that a value is left out (default: 0.1)',
    activation: 'of the feed-forward parts (default: gelu)',
    gradientCheckpointing: 'less memory, more time',
    later: 'when (default: at the end)',
  });
});

it('leaves a setting alone that is not given, and reads one that is', () => {
  expect(parsed()).toEqual({});
  expect(parsed('--epochs', '3', '--share', '1', '--activation', 'relu', '--gradient-checkpointing')).toEqual({
    epochs: 3,
    share: 1,
    activation: 'relu',
    gradientCheckpointing: true,
  });
});

it.each([
  [['--epochs', '0'], 'Give a whole number from 1.'],
  [['--epochs', '1.5'], 'Give a whole number from 1.'],
  [['--share', '0'], 'Give a number above 0 to 1.'],
  [['--dropout', '1'], 'Give a number from 0 and below 1.'],
  [['--activation', 'tanh'], 'Allowed choices are gelu, relu.'],
])('refuses %j as the schema would', (args, message) => {
  expect(() => parsed(...args)).toThrow(message);
});

it('wants a description of every setting that becomes an option', () => {
  expect(() => settingOption('--nameless <count>', z.int())).toThrow('--nameless');
});
