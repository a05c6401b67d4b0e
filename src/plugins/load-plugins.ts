/** Plug-ins from files and packages: ES modules whose default export is a part, or a list of parts. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { extname, isAbsolute, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { LimnError, messageOf } from '../core/errors.js';
import { openRegularFile } from '../core/regular-file.js';
import { type Plugin, usePlugin } from './use-plugin.js';

/**
 * Loads plug-ins one after another and makes their parts known.
 *
 * @param names files (anything with a path in it, or that exists), or packages that are installed
 * @param folder that relative names start from. @default the working folder
 * @throws LimnError CONFIG, in one line that names the plug-in, for one that is not there, fails, or defines nothing usable
 */
export async function loadPlugins(names: readonly string[], folder = process.cwd()): Promise<void> {
  for (const name of names) {
    const module = await importPlugin(name, folder);
    if (module.default === undefined) {
      const message = `The plug-in ${name} has no default export: export what defineMethod or another define function returns, or a list of them.`;
      throw new LimnError('CONFIG', message, { details: { plugin: name } });
    }
    usePlugin(withoutInterop(module.default) as Plugin, `The plug-in ${name}`);
  }
}

/** A CommonJS module that a compiler wrote has its default export in an object around it. */
function withoutInterop(exported: unknown): unknown {
  const inner = exported as { __esModule?: unknown; default?: unknown } | null;
  return typeof inner === 'object' && inner?.__esModule === true && inner.default !== undefined ? inner.default : exported;
}

async function importPlugin(name: string, folder: string): Promise<{ default?: unknown }> {
  const file = fileOf(name, folder);
  if (['.ts', '.mts', '.cts'].includes(extname(file))) {
    throw new LimnError('CONFIG', `The plug-in ${name} is TypeScript: compile it, and give the JavaScript file.`);
  }
  try {
    await (await openRegularFile(file)).close();
    return (await import(pathToFileURL(file).href)) as { default?: unknown };
  } catch (error) {
    // What the definition itself refused needs no more words than which plug-in it was.
    throw new LimnError('CONFIG', `The plug-in ${name} cannot be loaded: ${messageOf(error)}`, {
      cause: error,
      details: { file },
    });
  }
}

function fileOf(name: string, folder: string): string {
  const path = isAbsolute(name) ? name : resolve(folder, name);
  if (existsSync(path)) return path;
  try {
    return createRequire(resolve(folder, 'plugins.js')).resolve(name);
  } catch (error) {
    const message = `There is no plug-in ${name}: it is neither a file in ${folder} nor an installed package.`;
    throw new LimnError('CONFIG', message, { cause: error, details: { plugin: name, folder } });
  }
}
