/** An export of drawn vectors beside the page and the model of another one: as large as is wanted. */
import { createHash } from 'node:crypto';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Random } from '#limn/core/random.js';
import { encodeColumns } from '#limn/search/export/columns.js';
import type { ExportedFile, ExportManifest } from '#limn/search/export/format.js';
import { encodeShard } from '#limn/search/export/vector-codes.js';

const shardItems = 4096;

/** @returns the bytes that a first visit fetches of vectors and columns */
export async function drawExport(from: string, to: string, count: number, width: number): Promise<number> {
  const manifest = JSON.parse(await readFile(join(from, 'manifest.json'), 'utf8')) as ExportManifest;
  await mkdir(join(to, 'data'), { recursive: true });
  for (const path of ['index.html', 'assets', 'sw.js', 'data']) await cp(join(from, path), join(to, path), { recursive: true });
  const write = async (path: string, bytes: Uint8Array): Promise<ExportedFile> => {
    await writeFile(join(to, path), bytes);
    return { path, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
  };
  const sizes = { width, factors: 0, projection: 0 };
  const random = new Random(1);
  const shards: ExportManifest['shards'] = [];
  for (let at = 0; at < count; at += shardItems) {
    const items = Array.from({ length: Math.min(shardItems, count - at) }, () => {
      const vector = Float32Array.from({ length: width }, () => random.normal());
      const length = Math.hypot(...vector);
      return { matching: vector.map((value) => value / length), factors: new Float32Array(0) };
    });
    const file = await write(`data/vectors-${shards.length}.bin`, encodeShard(items, sizes, 'int8'));
    shards.push({ ...file, from: at, count: items.length });
  }
  const none = { thumbnail: '', reference: '', width: 1, height: 1 };
  const items = Array.from({ length: count }, (_, i) => {
    const id = `i${String(i).padStart(7, '0')}`;
    return { id, content: createHash('sha256').update(id).digest('hex'), ...none, metadata: { price: i % 100 } };
  });
  const columns = await write('data/columns.json', Buffer.from(encodeColumns(items, manifest.model.hash)));
  const files = { ...manifest.files, columns };
  await writeFile(
    join(to, 'manifest.json'),
    JSON.stringify({ ...manifest, count, sizes, shards, files, vectors: { type: 'int8', recall: 1 } }),
  );
  return shards.reduce((sum, { bytes }) => sum + bytes, columns.bytes);
}
