/**
 * Rows of Parquet files. They are decoded in a process of its own, whose memory and time are bounded by the size of the file: the format has
 * counts, run lengths and encodings that a few wrong bytes turn into gigabytes, and no check in the same process can stop a loop.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { LimnError, messageOf } from '../../../core/errors.js';
import { openRegularFile } from '../../../core/regular-file.js';
import type { ParquetReply } from './parquet-process.js';
import type { TableRow } from './table-row.js';

/** MiB of JavaScript's heap, and more for each MiB of the file: decoded rows are larger. */
const heap = { least: 192, perMebibyte: 64, most: 4096 };
/** Seconds until the next 2,000 rows are there. */
const patience = { least: 20, perMebibyte: 1 };

/** @throws LimnError DATA for a file that is no whole Parquet file, or one of more than flat columns; IO for one that cannot be read */
export async function* parquetRows(file: string): AsyncGenerator<TableRow> {
  const mebibytes = Math.ceil((await sizeOf(file)) / 2 ** 20);
  const megabytes = Math.min(heap.most, heap.least + heap.perMebibyte * mebibytes);
  const seconds = patience.least + patience.perMebibyte * mebibytes;
  const child = startProcess(file, megabytes);
  try {
    for (;;) {
      const reply = await ask(child, seconds);
      if ('end' in reply) return;
      if ('failed' in reply) throw unreadable(file, reply.failed, reply.io ? 'IO' : 'DATA');
      for (const [i, values] of reply.rows.entries()) yield { values, place: `${file} row ${reply.first + i + 1}` };
    }
  } finally {
    child.kill('SIGKILL');
  }
}

async function sizeOf(file: string): Promise<number> {
  const opened = await openRegularFile(file).catch((error) => {
    throw unreadable(file, messageOf(error), 'IO');
  });
  return opened
    .stat()
    .then(({ size }) => size)
    .finally(() => opened.close());
}

function startProcess(file: string, megabytes: number): ChildProcess {
  // The process' code is always the built one: Node cannot run TypeScript in it.
  const folder = import.meta.url.endsWith('.ts') ? '../../../../dist/search/gallery/ingest/' : './';
  const script = fileURLToPath(new URL(`${folder}parquet-process.js`, import.meta.url));
  const child = fork(script, [file], {
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    execArgv: [`--max-old-space-size=${megabytes}`],
  });
  // Each question hears of failures itself; between two there is nobody.
  return child.on('error', () => {});
}

/** The next reply; a process that ends or stays silent is a failure too. */
function ask(child: ChildProcess, seconds: number): Promise<ParquetReply> {
  return new Promise((resolve) => {
    const settle = (reply: ParquetReply) => {
      clearTimeout(timer);
      for (const [event, listener] of Object.entries(listeners)) child.off(event, listener);
      resolve(reply);
    };
    const fail = (failed: string) => settle({ failed, io: false });
    const listeners = {
      message: (reply: unknown) => settle(reply as ParquetReply),
      error: (error: unknown) => fail(messageOf(error)),
      exit: (code: number | null, signal: string | null) =>
        fail(`decoding it fails, or needs more memory than its size explains (${signal ?? code})`),
    };
    const timer = setTimeout(() => fail(`reading its rows takes longer than ${seconds} s`), seconds * 1000);
    for (const [event, listener] of Object.entries(listeners)) child.on(event, listener);
    child.send('next', (error) => error && fail('decoding it ended'));
  });
}

function unreadable(file: string, why: string, code: 'IO' | 'DATA'): LimnError {
  const advice = code === 'IO' ? 'check the path and your rights.' : 'is it a whole Parquet file?';
  const shown = why.length > 300 ? `${why.slice(0, 300)}…` : why;
  return new LimnError(code, `Cannot read the list ${file}: ${shown}; ${advice}`, { details: { file } });
}
