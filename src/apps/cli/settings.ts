/**
 * Where an option that was not given as a flag gets its value: the environment (`LIMN_BATCH_SIZE` for `--batch-size`), then
 * the file of `--config`, then limn.config.json in the working folder, then the default. Such a file has a section a command:
 *
 *     { "plugins": ["./mine.js"], "train": { "encoder": "patch", "epochs": 20, "model": { "width": 128 } }, "search": { "k": 5 } }
 */

import { existsSync } from 'node:fs';
import type { Command, Option } from 'commander';
import { z } from 'zod';
import { LimnError, messageOf } from '../../core/errors.js';
import { readJson } from '../../core/files.js';
import { formerNameOf, noteFormerName, presentNames } from '../../core/former-names.js';
import { suggestion } from '../../core/suggest.js';
import { isRepeatable } from './options.js';

/** The config file that is read without being named. */
export const defaultConfigFile = 'limn.config.json';

/** Keys of a section that have no flag: objects that the command checks itself. */
const objectKeys: Readonly<Record<string, readonly string[]>> = {
  train: ['model', 'training'],
  'self-train': ['selfTraining'],
};

const fileSchema = z.record(z.string(), z.record(z.string(), z.unknown()));
type Settings = z.output<typeof fileSchema>;

/** Fills in the options of a command that is about to run. @throws LimnError CONFIG or USAGE that names the file or variable and the key */
export async function applySettings(program: Command, command: Command): Promise<void> {
  const named = command.getOptionValue('config') ?? process.env.LIMN_CONFIG;
  const sources: [string, Record<string, unknown>][] = [];
  for (const file of [named, existsSync(defaultConfigFile) ? defaultConfigFile : undefined]) {
    if (typeof file === 'string') sources.push([file, (await readSettings(file, program))[sectionOf(command)] ?? {}]);
  }
  for (const option of command.options) {
    const key = option.attributeName();
    const source = command.getOptionValueSource(key);
    if (key === 'config' || (source !== undefined && source !== 'default')) continue;
    const variable = variableOf(key);
    const text = process.env[variable] ?? formerVariable(key);
    const [file, section] = sources.find(([, values]) => key in values) ?? [];
    if (text !== undefined && text !== '') set(command, option, text, variable);
    else if (file && section) set(command, option, section[key], `"${sectionOf(command)}.${key}" in ${file}`);
  }
  for (const key of objectKeys[command.name()] ?? []) {
    const merged = sources.map(([, section]) => section[key] ?? {}).reverse();
    command.setOptionValueWithSource(key, Object.assign({}, ...merged), 'config');
  }
  const threads = command.getOptionValue('threads');
  if (threads !== undefined) process.env.LIMN_THREADS = String(threads);
  const device = command.getOptionValue('device');
  if (device !== undefined) process.env.LIMN_DEVICE = device;
}

/** What the environment says of an option under its former name. */
function formerVariable(key: string): string | undefined {
  const former = formerNameOf(key);
  if (former === undefined) return undefined;
  const [before, now] = [variableOf(former), variableOf(key)];
  const text = process.env[before];
  if (text !== undefined) noteFormerName(before, now);
  return text;
}

const variableOf = (key: string) => `LIMN_${key.replace(/[A-Z]/g, '_$&').toUpperCase()}`;

/** A command's section of a config file: its name, with those that it belongs to before it, e.g. "data check". */
function sectionOf(command: Command): string {
  const { parent } = command;
  return parent?.parent ? `${sectionOf(parent)} ${command.name()}` : command.name();
}

/** All commands that do something themselves, also those inside of others. */
function commandsOf(parent: Command): Command[] {
  return parent.commands.flatMap((command) => {
    const acts = command.commands.length === 0 || command.options.length > 0;
    return [...(acts ? [command] : []), ...commandsOf(command)];
  });
}

async function readSettings(file: string, program: Command): Promise<Settings> {
  const content = await readJson(file, 'a config file').catch(asConfigError);
  // Plug-ins were loaded before the commands were made.
  const { plugins, ...sections } = typeof content === 'object' && content ? (content as Record<string, unknown>) : {};
  const given = Array.isArray(content) || typeof content !== 'object' ? content : sections;
  const parsed = fileSchema.safeParse(presentNames(given, noteFormerName));
  if (!parsed.success) {
    const place = parsed.error.issues[0]?.path.join('.') || 'the whole file';
    throw new LimnError('CONFIG', `${file} must hold one object of settings for each command; "${place}" is something else.`);
  }
  const commands = new Map(commandsOf(program).map((command) => [sectionOf(command), command]));
  for (const [section, values] of Object.entries(parsed.data)) {
    const command = commands.get(section);
    if (!command) throw unknownKey(file, section, [...commands.keys()]);
    const known = [...command.options.map((option) => option.attributeName()), ...(objectKeys[section] ?? [])];
    for (const key of Object.keys(values)) {
      if (!known.includes(key) || key === 'config')
        throw unknownKey(
          file,
          `${section}.${key}`,
          known.map((name) => `${section}.${name}`),
        );
    }
  }
  return parsed.data;
}

function asConfigError(error: unknown): never {
  throw new LimnError('CONFIG', messageOf(error), { cause: error });
}

/** A config key that nothing reads. */
export function unknownKey(file: string, key: string, known: readonly string[]): LimnError {
  return new LimnError('CONFIG', `${file} has an unknown key "${key}". ${suggestion(key, known)}`, { details: { file, key } });
}

/** Gives an option a value from elsewhere, checked as if it were a flag's. */
function set(command: Command, option: Option, value: unknown, from: string): void {
  command.setOptionValueWithSource(
    option.attributeName(),
    option.isBoolean() ? asBoolean(value, from) : parse(option, value, from),
    'config',
  );
}

function parse(option: Option, value: unknown, from: string): unknown {
  const text = Array.isArray(value) ? value.join(',') : String(value);
  if (typeof value === 'object' && !Array.isArray(value)) throw new LimnError('CONFIG', `${from} must be a plain value.`);
  try {
    if (isRepeatable(option)) {
      return listOf(value).reduce((list: unknown, one) => option.parseArg?.(one, list as never), undefined);
    }
    return option.parseArg ? option.parseArg(text, undefined) : text;
  } catch (error) {
    throw new LimnError('CONFIG', `${from} cannot be "${text}". ${messageOf(error)}`, { cause: error });
  }
}

/** The values of an option that may be given several times: a list, which the environment writes as JSON, or one value. */
function listOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.map(String);
  const text = String(value);
  const list = text.startsWith('[') ? (JSON.parse(text) as unknown) : text;
  return Array.isArray(list) ? list.map(String) : [text];
}

function asBoolean(value: unknown, from: string): boolean {
  if (['true', '1', 'yes'].includes(String(value))) return true;
  if (['false', '0', 'no'].includes(String(value))) return false;
  throw new LimnError('CONFIG', `${from} must be true or false, not "${String(value)}".`);
}
