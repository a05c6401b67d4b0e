/** Building blocks of the commands: options with checked values, and what every command has. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { LimnError, messageOf } from '../../core/errors.js';
import { deviceNamed } from '../../engine/runtime/device.js';

/** A command with `--threads` and `--config`. */
export function newCommand(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .addOption(numberOption('--threads <count>', 'threads to compute with; 0 for one per core', { least: 0, whole: true }))
    .option('--config <file>', 'a JSON file of settings, which takes precedence over limn.config.json in this folder');
}

/** A command that computes with models: also with `--device`. */
export function computingCommand(name: string, description: string): Command {
  return newCommand(name, description).addOption(deviceOption());
}

function deviceOption(): Option {
  return new Option('--device <name>', 'device to compute on: cpu, or webgpu for any GPU (default: "cpu")').argParser((text) => {
    try {
      return deviceNamed(text);
    } catch (error) {
      throw new InvalidArgumentError(messageOf(error));
    }
  });
}

export interface NumberRange {
  least?: number;
  most?: number;
  /** Refuse `least` itself. @default false */
  above?: boolean;
  /** Refuse `most` itself. @default false */
  below?: boolean;
  /** @default false */
  whole?: boolean;
}

/** An option whose value is a number in a range. */
export function numberOption(flags: string, description: string, range: NumberRange = {}): Option {
  return new Option(flags, description).argParser((text) => {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    const { least = Number.NEGATIVE_INFINITY, most = Number.POSITIVE_INFINITY, above, below, whole } = range;
    const inRange = (above ? value > least : value >= least) && (below ? value < most : value <= most);
    if (inRange && (!whole || Number.isSafeInteger(value))) return value;
    const kind = whole ? 'a whole number' : 'a number';
    const from = Number.isFinite(least) ? ` ${above ? 'above' : 'from'} ${least}` : '';
    const to = Number.isFinite(most) ? ` ${below ? 'and below' : 'to'} ${most}` : '';
    throw new InvalidArgumentError(`Give ${kind}${from}${to}.`);
  });
}

/** `--seed`. */
export function seedOption(): Option {
  return numberOption('--seed <number>', 'seed of all random numbers', { least: 0, most: 0xffffffff, whole: true }).default(1);
}

/** An option whose value is a list of numbers between commas. */
export function numberListOption(flags: string, description: string): Option {
  return new Option(flags, description).argParser((text) => {
    const values = text.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
    if (values.every(Number.isFinite)) return values;
    throw new InvalidArgumentError('Give numbers separated by commas, e.g. 1,0.5,0.');
  });
}

const repeatable = new WeakSet<Option>();

/** An option that may be given several times; its value is a list. The environment may write it as JSON. */
export function repeatableOption(flags: string, description: string): Option {
  const option = new Option(flags, `${description}; may be given several times`).argParser(
    (text, list: readonly string[] | undefined) => {
      if (text.trim() === '') throw new InvalidArgumentError('Give a value.');
      return [...(list ?? []), text];
    },
  );
  repeatable.add(option);
  return option;
}

export const isRepeatable = (option: Option): boolean => repeatable.has(option);

/** The value of an option that the command cannot do without, after flags, environment and config files were read. */
export function required<T>(value: T | undefined, flag: string, command: string, advice = ''): T {
  if (value !== undefined) return value;
  throw new LimnError('USAGE', `limn ${command} needs ${flag}.${advice && ` ${advice}`} See "limn ${command} --help".`);
}
