/**
 * Where choices lie: choices.jsonl in a folder of their own, an object a line with a checksum, and choices.1.jsonl with the older half. Writers
 * take turns by a lock, so that a server can go on while choices are deleted.
 */
import { chmod, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as rest } from 'node:timers/promises';
import { sealed, unsealed } from '../../core/checksum.js';
import { LimnError } from '../../core/errors.js';
import { makeFolder, writeError, writeFileAtomic } from '../../core/files.js';
import { takeLock } from '../../core/lock.js';
import { type Choice, choice } from './choice.js';

/** Bytes of both files together: when they are reached, the older half is dropped. */
export const mostBytes = 64 * 2 ** 20;

const filesOf = (folder: string) => [join(folder, 'choices.1.jsonl'), join(folder, 'choices.jsonl')] as const;
/** For whoever runs the server alone. */
const mode = { file: 0o600, folder: 0o700 };
const lockWait = { milliseconds: 20, times: 500 };

/** What was read. */
export interface ReadChoices {
  /** The oldest first. */
  choices: Choice[];
  /** Lines that do not fit their checksum, or are no choice. */
  damaged: number;
  /** Whether the last line was cut off, as a kill leaves it. */
  torn: boolean;
}

/** All choices of a folder; none where it is empty. @throws LimnError IO for a folder that is not there or cannot be read */
export async function readChoices(folder: string): Promise<ReadChoices> {
  const found: ReadChoices = { choices: [], damaged: 0, torn: false };
  if (!(await stat(folder).catch(() => undefined))?.isDirectory()) {
    throw new LimnError('IO', `There is no folder of choices at ${folder}. "limn serve --keep-choices" makes one.`, {
      details: { folder },
    });
  }
  for (const file of filesOf(folder)) {
    const lines = (await textOf(file)).split('\n');
    if (lines.pop() !== '') found.torn = true;
    for (const line of lines) {
      const read = choiceOf(line, file);
      if (read) found.choices.push(read);
      else found.damaged++;
    }
  }
  return found;
}

/**
 * Adds choices to the end, and flushes them to disk. A line that a kill has cut off is dropped. Where writing fails, none of them stays.
 *
 * @throws LimnError IO
 */
export async function appendChoices(folder: string, choices: readonly Choice[], most = mostBytes): Promise<void> {
  const data = Buffer.from(choices.map((one) => `${JSON.stringify(sealed(choice.parse(one)))}\n`).join(''));
  const [older, newest] = filesOf(folder);
  try {
    await inTurn(folder, async () => {
      const { size } = (await stat(newest).catch(() => undefined)) ?? { size: 0 };
      if (size > 0 && size + data.length > most / 2) await rename(newest, older);
      const file = await open(newest, 'a+', mode.file);
      try {
        const end = await endOfLines(file);
        await file.truncate(end);
        try {
          await file.appendFile(data);
          await file.sync();
        } catch (error) {
          await file.truncate(end).catch(() => {});
          throw error;
        }
      } finally {
        await file.close();
      }
    });
  } catch (error) {
    throw LimnError.isInstance(error) ? error : writeError(newest, error);
  }
}

/**
 * Deletes choices for good, and lines that are damaged with them: nobody can tell what those hold.
 *
 * @param goes whether a choice is deleted
 * @returns how many choices there were and are left
 */
export async function deleteChoices(folder: string, goes: (one: Choice) => boolean): Promise<{ deleted: number; left: number }> {
  const count = { deleted: 0, left: 0 };
  await readChoices(folder);
  await inTurn(folder, async () => {
    for (const file of filesOf(folder)) {
      const text = await textOf(file);
      const stays = text.split('\n').filter((line) => {
        const read = choiceOf(line, file);
        if (read) count[goes(read) ? 'deleted' : 'left']++;
        return read !== undefined && !goes(read);
      });
      if (stays.length === 0) await rm(file, { force: true });
      else {
        await writeFileAtomic(file, stays.map((line) => `${line}\n`).join(''));
        await chmod(file, mode.file);
      }
    }
  });
  return count;
}

function choiceOf(line: string, file: string): Choice | undefined {
  try {
    const { checksum: _, ...rest } = JSON.parse(line) as { checksum: string };
    // Every line has a checksum: one without it was not written here.
    return _ === undefined ? undefined : choice.parse(unsealed({ ...rest, checksum: _ }, file));
  } catch {
    return undefined;
  }
}

async function textOf(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return '';
    throw new LimnError('IO', `Cannot read the choices in ${file}: ${cause.message}.`, { details: { path: file }, cause });
  });
}

/** Where the last whole line ends. */
async function endOfLines(file: Awaited<ReturnType<typeof open>>): Promise<number> {
  const { size } = await file.stat();
  const piece = Buffer.alloc(Math.min(size, 64 * 1024));
  for (let to = size; to > 0; ) {
    const from = Math.max(0, to - piece.length);
    const { bytesRead } = await file.read(piece, 0, to - from, from);
    const at = piece.subarray(0, bytesRead).lastIndexOf('\n');
    if (at >= 0) return from + at + 1;
    to = from;
  }
  return 0;
}

async function inTurn<T>(folder: string, work: () => Promise<T>): Promise<T> {
  const path = join(folder, 'choices.lock');
  if (!(await stat(folder).catch(() => undefined))) {
    await makeFolder(folder);
    await chmod(folder, mode.folder);
  }
  for (let attempt = 0; attempt < lockWait.times; attempt++) {
    const lock = await takeLock(path);
    if (lock) return work().finally(() => lock.release());
    await rest(lockWait.milliseconds);
  }
  throw new LimnError('IO', `Another process has been writing to ${folder} for a long time. If none does, remove ${path}.`, {
    details: { path },
  });
}
