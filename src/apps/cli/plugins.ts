/**
 * Plug-ins of a command line: `--plugin FILE` anywhere in it, LIMN_PLUGINS, and "plugins" of the config files. They are loaded before the
 * commands are made, as flags such as --dataset list what is known.
 */
import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { LimnError } from '../../core/errors.js';
import { readJson } from '../../core/files.js';
import { defaultConfigFile } from './settings.js';

/** The plug-ins' room knows all registries, which is much to load for the many calls that have none. */
async function loadPlugins(names: readonly string[], folder?: string): Promise<void> {
  if (names.length > 0) await (await import('../../plugins/load-plugins.js')).loadPlugins(names, folder);
}

/** Loads the plug-ins. @returns the words without them @throws LimnError CONFIG as {@link loadPlugins}, USAGE for a flag without a value */
export async function takePlugins(words: readonly string[]): Promise<string[]> {
  const { values, rest } = taken(words, '--plugin');
  const config = taken(words, '--config').values.at(-1) ?? process.env.LIMN_CONFIG;
  for (const file of [config, defaultConfigFile]) {
    if (file !== undefined && existsSync(file)) await loadPluginsOf(file);
  }
  const { LIMN_PLUGINS = '' } = process.env;
  await loadPlugins([...LIMN_PLUGINS.split(',').filter((name) => name.trim() !== ''), ...values]);
  return rest;
}

/** Loads the plug-ins that a config or an experiment's file names, relative to itself. @throws LimnError CONFIG as {@link loadPlugins} */
export async function loadPluginsOf(file: string): Promise<void> {
  await loadPlugins(await pluginsIn(file), dirname(resolve(file)));
}

/** The values of a flag, and the other words; what stands behind "--" is no flag. */
function taken(words: readonly string[], flag: string): { values: string[]; rest: string[] } {
  const end = words.indexOf('--') < 0 ? words.length : words.indexOf('--');
  const values: string[] = [];
  const rest: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i] as string;
    if (i < end && word.startsWith(`${flag}=`)) values.push(word.slice(flag.length + 1));
    else if (i < end && word === flag) {
      const value = words[++i];
      if (value === undefined || i >= end) throw new LimnError('USAGE', `${flag} needs a file: ${flag} ./mine.js.`);
      values.push(value);
    } else rest.push(word);
  }
  return { values, rest };
}

/** A config that cannot be read is the command's to complain about. */
async function pluginsIn(file: string): Promise<string[]> {
  const value = await readJson(file, 'a config file').catch(() => undefined);
  const { plugins } = (value ?? {}) as { plugins?: unknown };
  if (plugins === undefined) return [];
  if (Array.isArray(plugins) && plugins.every((name) => typeof name === 'string')) return plugins;
  throw new LimnError('CONFIG', `"plugins" in ${file} must be a list of files or packages.`);
}
