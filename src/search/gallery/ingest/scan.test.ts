import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { passedOverNote } from './passed-over.js';
import { folderList, scanFolder } from './scan.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'limn-scan-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe.skipIf(process.platform !== 'linux')('scanFolder', () => {
  it('reads all endings of images, and counts the rest by kind', async () => {
    const at = (path: string) => join(folder, path);
    await mkdir(at('sub/.hidden'), { recursive: true });
    await mkdir(at('.limn/uploads'), { recursive: true });
    const images = [
      'plain.jpg',
      'old-camera.jpe',
      'sub/saved.JFIF',
      'sub/a\\b.png',
      `${'long/'.repeat(20)}x.tiff`,
      ' spaced .gif',
    ];
    const others = [
      'a.heic',
      'sub/b.HEIC',
      'c.bmp',
      'notes.txt',
      'README',
      '.DS_Store',
      'sub/.hidden/d.jpg',
      '.limn/uploads/e.jpg',
    ];
    for (const path of [...images, ...others]) {
      await mkdir(join(at(path), '..'), { recursive: true });
      await writeFile(at(path), 'x');
    }
    await writeFile(at('line\nfeed.jpg'), 'x');
    await writeFile(at('tab\t.jpg'), 'x');
    await writeFile(Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0xff, 0xfe]), Buffer.from('.jpg')]), 'x');
    const deep = `${'d'.repeat(200)}/${'e'.repeat(200)}/${'f'.repeat(200)}`;
    await mkdir(at(deep), { recursive: true });
    await writeFile(at(`${deep}/deep.jpg`), 'x');
    execFileSync('mkfifo', [at('pipe.jpg')]);
    await symlink(at('sub'), at('linked'));
    await symlink(at('nowhere'), at('broken.jpg'));
    await symlink(at('plain.jpg'), at('link.jpg'));

    const { paths, passedOver } = await scanFolder(folder);
    expect(paths).toEqual([...images, 'link.jpg'].sort());
    expect(Object.fromEntries(passedOver.map(({ kind, count }) => [kind, count]))).toEqual({
      '.heic': 2,
      '.bmp': 1,
      '.txt': 1,
      'file without an ending': 1,
      hidden: 2,
      'name that is not UTF-8': 1,
      'name that cannot be an id: it has a line end, a tab or another control character': 2,
      'name that cannot be an id: it has more than 512 characters': 1,
      'pipe, socket or device': 1,
      'linked folder': 1,
      'link that leads nowhere': 1,
    });
    const list = await folderList(folder);
    expect([list.total, list.passedOver]).toEqual([7, passedOver]);
    expect(passedOverNote(passedOver)).toMatch(
      /^Passed over in the folder: 14, namely 2 \.heic, .*1 linked folder \("linked"\).* Convert the \.heic, \.bmp files to JPEG/,
    );
  });

  it('says what there is where there are no images', async () => {
    await mkdir(join(folder, 'none'));
    await writeFile(join(folder, 'none', 'a.heic'), 'x');
    await expect(scanFolder(join(folder, 'none'))).rejects.toThrow(/has no pictures \(\.jpg, .*\); it has 1 \.heic: give/);
    expect(passedOverNote([])).toBeUndefined();
  });
});
