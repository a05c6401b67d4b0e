import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { sealed } from '../../core/checksum.js';
import { Gallery } from './gallery.js';
import { markUploads } from './pending-uploads.js';
import { imageBytes, type TinyFolder, tinyFolder } from './testing/tiny-gallery.js';

let folder: TinyFolder;
const at = (...parts: string[]) => folder.at(...parts);
beforeAll(async () => {
  folder = await tinyFolder(3);
});
afterAll(() => folder.remove());

const pending = () => readdir(at('pictures', '.limn', 'uploads', 'pending'));
const place = (digit: string) => `.limn/uploads/aa/${digit.repeat(32)}-${digit.repeat(16)}.jpeg`;

/** What a process leaves that is killed between its file and its item, or behind the item. */
async function killed(gallery: string, id: string, location: string) {
  await mkdir(dirname(at('pictures', location)), { recursive: true });
  if (!existsSync(at('pictures', location))) await writeFile(at('pictures', location), await imageBytes(7));
  const { leave } = await markUploads({ images: at('pictures'), gallery }, [{ id, location }]);
  leave();
  const [name] = (await pending()).slice(-1) as [string];
  const path = at('pictures', '.limn', 'uploads', 'pending', name);
  const { checksum: _, ...marker } = JSON.parse(await readFile(path, 'utf8'));
  const pid = Number(execFileSync(process.execPath, ['-p', 'process.pid']));
  await writeFile(path, JSON.stringify(sealed({ ...marker, pid })));
}

it('are removed by the next write where a killed process left them without an item, and no other gallery loses a file', async () => {
  const { model } = folder;
  const [one, other] = [at('one'), at('other')];
  for (const out of [one, other]) await (await Gallery.create({ model, images: at('pictures'), out })).close();
  await killed(one, 'lost', place('a'));
  const notes: string[] = [];
  const second = await Gallery.open(other, { model, onNote: (note) => notes.push(note) });
  const [kept] = await second.add([{ id: 'kept', bytes: await imageBytes(8) }]);
  expect(existsSync(at('pictures', place('a')))).toBe(true);
  expect([notes, (await pending()).length]).toEqual([[], 1]);

  const first = await Gallery.open(one, { model, onNote: (note) => notes.push(note) });
  expect(existsSync(at('pictures', place('a')))).toBe(true);
  await first.remove(['none']);
  expect(existsSync(at('pictures', place('a')))).toBe(false);
  expect(notes).toEqual(['1 uploaded file without an item was removed: a process was killed while it added or removed images.']);
  expect(existsSync(join(at('pictures'), kept?.location as string))).toBe(true);
  expect(await pending()).toEqual([]);
  await Promise.all([first.close(), second.close()]);

  // Killed behind its item: the marker goes, the file stays. And an index run says what it sweeps.
  await killed(other, 'kept', kept?.location as string);
  await killed(other, 'lost', place('b'));
  const again = await Gallery.create({ model, images: at('pictures'), out: other });
  expect(again.report.notes).toEqual([expect.stringContaining('1 uploaded file without an item')]);
  expect(await readFile(again.pathOf((await again.get('kept'))!))).toEqual(await imageBytes(8));
  expect([existsSync(at('pictures', place('b'))), await pending()]).toEqual([false, []]);
  await again.close();
});

it('stay where their process lives, is on another machine, or the marker cannot be read', async () => {
  const gallery = at('one');
  const marked = await markUploads({ images: at('pictures'), gallery }, [{ id: 'under way', location: place('c') }]);
  await writeFile(at('pictures', place('c')), await imageBytes(9));
  await cp(at('pictures', place('c')), at('pictures', place('d')));
  await writeFile(at('pictures', '.limn', 'uploads', 'pending', 'damaged.json'), '{"format":');
  const opened = await Gallery.open(gallery, { model: folder.model });
  await opened.remove(['none']);
  await opened.close();
  expect([existsSync(at('pictures', place('c'))), (await pending()).length]).toEqual([true, 2]);
  await marked.settle();
  expect(await pending()).toEqual(['damaged.json']);
});
