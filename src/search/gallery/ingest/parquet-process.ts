/** The process that reads a Parquet file: argv names the file; each "next" of the parent is answered by rows, the end or a failure. */
import { open } from 'node:fs/promises';
import { type AsyncBuffer, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { messageOf } from '../../../core/errors.js';
import { checkParquet } from './parquet-checks.js';

export type ParquetReply =
  | { rows: Record<string, unknown>[]; first: number }
  | { end: true }
  /** @param io whether the file could not be read at all */
  | { failed: string; io: boolean };

const rowsPerReply = 2000;

async function* replies(path: string): AsyncGenerator<ParquetReply> {
  const handle = await open(path);
  const { size } = await handle.stat();
  const file: AsyncBuffer = {
    byteLength: size,
    async slice(start, end = size) {
      if (!(start >= 0 && start <= end && end <= size)) throw new Error(`bytes ${start} to ${end} of ${size} are wanted`);
      const bytes = new ArrayBuffer(end - start);
      const { bytesRead } = await handle.read(new Uint8Array(bytes), 0, end - start, start);
      if (bytesRead !== end - start) throw new Error('the file ends too early');
      return bytes;
    },
  };
  const metadata = await parquetMetadataAsync(file, { geoparquet: false });
  await checkParquet(file, metadata);
  const count = Number(metadata.num_rows);
  for (let rowStart = 0; rowStart < count; rowStart += rowsPerReply) {
    const rowEnd = Math.min(count, rowStart + rowsPerReply);
    const rows = await parquetReadObjects({ file, metadata, rowStart, rowEnd });
    if (rows.length !== rowEnd - rowStart) throw new Error(`rows ${rowStart + 1} to ${rowEnd} are not all there`);
    yield { rows, first: rowStart };
  }
  yield { end: true };
}

if (process.send) {
  const send = (reply: ParquetReply, then?: () => void) => process.send?.(reply, undefined, undefined, then);
  const reading = replies(process.argv[2] as string);
  const failed = (error: unknown): ParquetReply => {
    const io = error instanceof Error && 'syscall' in error;
    // What the engine says of a decoder that tripped over wrong bytes tells nobody anything.
    const tripped = error instanceof TypeError || error instanceof RangeError;
    return { failed: tripped && !io ? 'its parts do not fit together' : messageOf(error), io };
  };
  process.on('message', async () => {
    const next = await reading.next().then(({ value }) => value as ParquetReply, failed);
    try {
      send(next);
    } catch (error) {
      send(failed(error));
    }
  });
  process.on('disconnect', () => process.exit());
  // What a decoder forgot to wait for.
  process.on('unhandledRejection', (error) => {
    send(failed(error), () => process.exit(1));
  });
}
