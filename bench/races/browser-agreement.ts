/**
 * The hits of an export in headless Chromium against those of its gallery: references of the gallery, and uploads of the original files.
 *
 *     npm run bench -- browser-agreement --export FOLDER --gallery FOLDER --images FOLDER --texts "in red;shorter" [--searches 50] [--device webgpu]
 *
 * An id must be the path of its file in the images folder. Results go to bench/results/browser-agreement.json and into docs/browser.md; those of
 * WebGPU, which an emulated adapter stands in for, are printed alone. It needs an export with --webgpu.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Page } from 'playwright-core';
import type { ExportManifest } from '#limn/search/export/format.js';
import { Gallery } from '#limn/search/gallery/gallery.js';
import type { ImageReference } from '#limn/search/gallery/search-types.js';
import type { Call } from '../../test/support/ask-worker.js';
import { askWorker, withPage } from '../lib/ask-worker.js';
import type { AgreementResult } from '../lib/browser-table.js';
import { reportFailure } from '../lib/report-failure.js';
import { saveResult } from '../lib/save-result.js';
import { writeBrowserTable } from '../lib/write-browser-table.js';

const { values: flags } = parseArgs({
  options: {
    export: { type: 'string' },
    gallery: { type: 'string' },
    images: { type: 'string' },
    texts: { type: 'string' },
    searches: { type: 'string', default: '50' },
    device: { type: 'string', default: 'wasm' },
  },
});

type Hit = { id: string; score: number };

try {
  const { export: folder, gallery: location, images, texts } = flags;
  if (!folder || !location || !images || !texts) throw new Error('Give --export, --gallery, --images and --texts.');
  const device = flags.device === 'webgpu' ? 'webgpu' : 'wasm';
  const manifest = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')) as ExportManifest;
  const gallery = await Gallery.open(location);
  const columns = JSON.parse(await readFile(join(folder, manifest.files.columns.path), 'utf8')) as { ids: string[] };
  const count = Math.min(Number(flags.searches), columns.ids.length);
  const said = texts.split(';');
  const chosen = Array.from({ length: count }, (_, i) => columns.ids[Math.floor((i * columns.ids.length) / count)] as string);
  const results: AgreementResult['results'] = [];
  for (const kind of ['images of the gallery', 'uploads']) {
    const isUpload = kind === 'uploads';
    const files = isUpload ? await Promise.all(chosen.map((id) => readFile(join(images, id)))) : [];
    const calls = chosen.map((id, i): Call => {
      const reference = isUpload ? { base64: files[i]!.toString('base64') } : { id };
      return ['search', { references: [reference], texts: [said[i % said.length]], k: 10 }];
    });
    const work = async (page: Page, address: string) => {
      await page.goto(`${address}manifest.json`);
      const all = await askWorker(page, folder, address, [['prepare', undefined], ...calls, ['device', undefined]], device);
      const used = all.at(-1)?.answer as string | undefined;
      if (used !== device) throw new Error(`The searches ran on ${used}: ${JSON.stringify(all[2]?.answer)}`);
      return all.slice(2, -1);
    };
    const answers = await withPage(folder, work, device);
    let [sameTen, sameSet, largest] = [0, 0, 0];
    for (const [i, { answer }] of answers.entries()) {
      const reference: ImageReference = isUpload ? { bytes: files[i]! } : { id: chosen[i]! };
      const { hits } = await gallery.search({ references: [reference], texts: [said[i % said.length]!], k: 10 });
      const found = (answer as { hits: Hit[] }).hits;
      const scores = new Map(found.map(({ id, score }) => [id, score]));
      if (hits.every(({ id }, rank) => found[rank]?.id === id)) sameTen++;
      if (hits.every(({ id }) => scores.has(id))) sameSet++;
      for (const [rank, { id, score }] of hits.entries()) {
        largest = Math.max(largest, Math.abs(score - (scores.get(id) ?? found[rank]!.score)));
      }
    }
    results.push({ kind, searches: count, sameTen, sameSet, largest });
  }
  await gallery.close();
  const { type } = manifest.vectors;
  const weights = manifest.weights?.type ?? 'float32';
  console.log(JSON.stringify(results));
  if (device === 'wasm') {
    await saveResult('browser-agreement', { images: manifest.count, vectors: type, weights, results });
    await writeBrowserTable();
  }
} catch (error) {
  reportFailure(error);
}
