/** The export of a gallery of drawn images, as `limn export` writes it. */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Gallery } from '../../src/search/gallery/gallery.js';
import { type TinyFolder, tinyFolder } from '../../src/search/gallery/testing/tiny-gallery.js';

const program = join(import.meta.dirname, '../../dist/apps/cli/main.js');

/** Runs the built command line. */
export async function limn(...words: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [program, ...words]);
  return stdout;
}

export interface TinyExport {
  folder: TinyFolder;
  gallery: Gallery;
  /** Exports the gallery to a folder of this name. @returns what the command printed */
  write(name: string, ...options: string[]): Promise<string>;
  remove(): Promise<void>;
}

/** A gallery of so many images of two colours and rising prices, with its export in the folder `export`. */
export async function tinyExport(count: number): Promise<TinyExport> {
  const folder = await tinyFolder(count);
  const rows = Array.from({ length: count }, (_, i) => {
    const path = `p${String(i).padStart(2, '0')}.jpg`;
    return JSON.stringify({ path, colour: i % 2 === 0 ? 'red' : 'blue', price: i });
  });
  await writeFile(folder.at('metadata.jsonl'), rows.join('\n'));
  const { model } = folder;
  const [images, out, metadata] = [folder.at('pictures'), folder.at('gallery'), folder.at('metadata.jsonl')];
  const gallery = await Gallery.create({ model, images, out, metadata });
  const write = (name: string, ...options: string[]) =>
    limn('export', '--static', folder.at(name), '--gallery', out, '--name', 'tiny', ...options);
  await write('export');
  const remove = async () => {
    await gallery.close();
    await folder.remove();
  };
  return { folder, gallery, write, remove };
}
