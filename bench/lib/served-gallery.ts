/** What the benches of the server work on: a gallery of photographs, which is made where none is given, and the built server. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { inCheckout, program, sharedData } from './paths.js';

/** Runs the built program; what it says goes to stderr. */
export function limn(...words: string[]): Promise<void> {
  const child = spawn(process.execPath, [program, ...words], { stdio: ['ignore', 2, 2] });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`limn ${words[0]} ended with ${code}`))));
  });
}

export interface MakeGalleryOptions {
  /** A model's folder. @default one that is trained for this, for one epoch */
  model?: string | undefined;
  /** How many; 0 takes all. */
  images: number;
  store: string;
  /** The caller's, for what is made. */
  folder: string;
}

/** Indexes photographs of product-photos. @returns the gallery's location */
export async function makeGallery({ model: given, images: count, store, folder }: MakeGalleryOptions): Promise<string> {
  const data = join(sharedData, 'product-photos');
  const model = given ?? join(folder, 'model');
  if (given === undefined) {
    const config = inCheckout('configs/product-photos-plain.json');
    await limn('train', '--config', config, '--data', data, '--epochs', '1', '--out', model);
  }
  const names = (await readdir(join(data, 'images'))).sort();
  const images = join(folder, 'images');
  await mkdir(images);
  const chosen = names.slice(0, count === 0 ? names.length : count);
  for (const name of chosen) await copyFile(join(data, 'images', name), join(images, name));
  const location = `${store}:${join(folder, 'gallery')}`;
  await limn('index', '--model', model, '--images', images, '--out', location);
  return location;
}

export interface ServeOptions {
  /** Flags beside those that every bench gives. */
  flags?: readonly string[];
  /** Arguments of Node itself. */
  node?: readonly string[];
  env?: Readonly<Record<string, string>>;
}

export interface RunningServer {
  url: string;
  child: ChildProcess;
  end(): Promise<void>;
}

/** The built server on a free port, without a rate limit. */
export async function startServer(
  location: string,
  { flags = [], node = [], env = {} }: ServeOptions = {},
): Promise<RunningServer> {
  const words = ['serve', '--gallery', `bench=${location}`, '--port', '0', '--rate', '0', '--log', 'error', ...flags];
  const child = spawn(process.execPath, [...node, program, ...words], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  });
  const ended = once(child, 'exit');
  const url = await new Promise<string>((found, failed) => {
    child.stdout.on('data', (chunk) => {
      const line = /limn serve: (\S+)/.exec(String(chunk));
      if (line) found(line[1]!);
    });
    ended.then(() => failed(new Error('limn serve did not start')), failed);
  });
  const end = async () => {
    child.kill('SIGTERM');
    await ended;
  };
  return { url, child, end };
}
