/** Folders of small files for the tests of readers, and where the real data lie. */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const made: string[] = [];

/** A new folder with these files by path. What is not text is written as JSON. */
export async function folderOf(files: Record<string, unknown>): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'limn-data-'));
  made.push(directory);
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), typeof content === 'string' ? content : JSON.stringify(content));
  }
  return directory;
}

/** Removes the folders; for `afterAll`. */
export async function removeFolders(): Promise<void> {
  await Promise.all(made.splice(0).map((folder) => rm(folder, { recursive: true, force: true })));
}

/** The message of the error that a promise must end with. */
export async function failureOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'no error',
    (error: Error) => error.message,
  );
}

/** The folder of real annotations; `absent` where there is none, for `describe.skipIf`. */
export const sharedData = process.env.LIMN_SHARED_DATA || fileURLToPath(new URL('../../../../../shared/data', import.meta.url));
export const absent = !existsSync(sharedData);
export const real = 'real annotations (skipped where LIMN_SHARED_DATA or ../shared/data is absent)';
