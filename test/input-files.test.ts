/** What a person names as an input file and is none, wherever limn reads one: a pipe would be waited for without end. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { readKeys } from '../src/apps/server/guard/keys.js';
import { readJson, sha256File } from '../src/core/files.js';
import { readLines, readText } from '../src/core/text-file.js';
import { readVectorFile } from '../src/learning/eval/vector-files.js';
import { quantizesDynamically } from '../src/models/encoders/image/dynamic-quantization.js';
import { decodeImage } from '../src/models/encoders/image/image.js';
import { readModelFile } from '../src/models/encoders/image/model-file.js';
import { loadPlugins } from '../src/plugins/load-plugins.js';
import { listFile, metadataFile } from '../src/search/gallery/ingest/list-file.js';

const folder = mkdtempSync(join(tmpdir(), 'limn-input-files-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const readers: [file: string, read: (path: string) => Promise<unknown>][] = [
  ['text.txt', (path) => readText(path, 'a text')],
  ['lines.txt', (path) => readLines(path, 'lines').next()],
  ['config.json', (path) => readJson(path, 'a config')],
  ['hashed.bin', sha256File],
  ['keys.json', readKeys],
  ...['csv', 'tsv', 'jsonl', 'parquet'].map((ending): [string, (path: string) => Promise<unknown>] => [
    `list.${ending}`,
    (path) => listFile(path, folder),
  ]),
  ['metadata.csv', (path) => metadataFile(path)],
  ['vectors.npy', (path) => readVectorFile(path)],
  ['vectors.safetensors', (path) => readVectorFile(path)],
  ['encoder.onnx', (path) => readModelFile(path)],
  ['quantized.onnx', quantizesDynamically],
  ['image.jpg', (path) => decodeImage(path, { size: 8 })],
  ['plugin.mjs', (path) => loadPlugins([path])],
];

it.skipIf(process.platform === 'win32').each(readers)(
  'a pipe or a device in place of %s is refused at once',
  async (file, read) => {
    const path = join(folder, file);
    execFileSync('mkfifo', [path]);
    await expect(read(path)).rejects.toThrow('is a pipe, socket or device, not a file');
    // By a link, so that it has the right ending.
    symlinkSync('/dev/zero', join(folder, `device-${file}`));
    await expect(read(join(folder, `device-${file}`))).rejects.toThrow('is a pipe, socket or device, not a file');
    await expect(read(join(folder, `absent-${file}`))).rejects.toThrow(/ENOENT|does not exist|no plug-in/);
  },
);
