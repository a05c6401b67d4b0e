import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

/** Files that turn bytes into text without text-file.ts, and why they may. */
const allowed: Record<string, string> = {
  'text-decoder.ts': 'it is the way itself',
  'lock.ts': 'limn wrote the file',
  'content-memo.ts': 'limn wrote the file, and a broken line is one that is not known',
  'result.ts': 'limn wrote the file, and a broken one is an error already',
  'pseudo-triplets.ts': 'limn wrote the file',
  'rows.ts': "a store's own file, under a checksum",
  'damage.ts': "a store's own file, under a checksum",
  'salvage.ts': "a store's own file, of which what is whole is told by checksums",
  'scan.ts': 'a file name as bytes, which is compared with what UTF-8 gives',
  'download.ts': 'limn wrote the file',
  'generate.ts': 'limn wrote the file',
  'doctor.ts': "a dependency's package.json",
  'adapter.ts': "output and log of limn's own child",
  'multipart.ts': 'headers of a request, which name fields alone',
  'cursors.ts': 'a cursor of its own, which is checked by schema',
  'content.ts': 'the body of a request: JSON is UTF-8 there, and anything else is refused',
  'file-graph.ts': 'an attribute of an ONNX operator, which is UTF-8 by its format',
  'safetensors.ts': 'a header that is UTF-8 by its format, and anything else is refused',
  'fetch-files.ts': 'the manifest of an export, which is JSON that limn wrote and is checked by schema',
  'local-gallery.ts': "an export's own files, under checksums",
  'export-folder.ts': 'limn wrote the file, and its schema is checked',
  'export-gallery.ts': 'limn wrote the file',
  'export-page.ts': "limn's own page",
  'choice-round.ts': 'limn wrote the files',
  'choice-files.ts': 'limn wrote the lines, under checksums',
  'npy.ts': 'a header that is ASCII by its format and checked by a pattern',
};

/** The ways from bytes to text that know one encoding and put U+FFFD in place of the rest. */
const ways = [
  /readFile(Sync)?\([^;]*?['"]utf-?8['"]/i,
  /toString\(\s*(['"]utf-?8['"]|\))/i,
  /new TextDecoder\(/,
  /createInterface\(/,
  /createReadStream\([^;]*?encoding/,
  /setEncoding\(/,
  /\.text\(\)/,
];

it('text from outside is read in one way', () => {
  const source = fileURLToPath(new URL('..', import.meta.url));
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter(
    (file) => /\.ts$/.test(file) && !/\.test\.ts$|(^|[\\/])testing[\\/]/.test(file),
  );
  expect(files.length).toBeGreaterThan(200);
  const found = files.filter((file) => ways.some((way) => way.test(readFileSync(join(source, file), 'utf8'))));
  const unexplained = found.filter((file) => !(basename(file) in allowed));
  expect(unexplained, 'use readText, readLines, streamText or decodeText of core/text-file.ts, or say here why not').toEqual([]);
});
