/** Kills `limn serve` while clients write to it, again and again, and compares what is there with what was acknowledged. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { messageOf } from '../../src/core/errors.js';
import type { Random } from '../../src/core/random.js';
import type { KillReport, OnKill } from './kill-runs.js';
import { type Serving, startServing } from './serving.js';
import { WrittenItems } from './written-items.js';

/** @param images the gallery's images folder @param location of a gallery that is there */
export async function killServe(
  root: string,
  { location, images }: { location: string; images: string },
  kills: number,
  random: Random,
  onKill: OnKill,
): Promise<KillReport> {
  const report: KillReport = { kills: 0, runs: 0, problems: [] };
  const written = new WrittenItems('g', random.below(1000));
  const serve = () => startServing(root, '--gallery', `g=${location}`, '--rate', '0', '--log', 'silent');
  const check = (serving: Serving) =>
    written
      .expectWhole(serving.client)
      .catch((error) => report.problems.push(`after ${report.kills} kills: ${messageOf(error)}`));
  while (report.kills < kills) {
    const serving = await serve();
    await check(serving);
    const ending = new AbortController();
    const enough = written.acknowledged + 3;
    const writing = written.write(serving.client, ending.signal);
    while (written.acknowledged < enough) await setTimeout(2);
    await setTimeout(random.below(120));
    serving.kill('SIGKILL');
    if ((await serving.ended) === null) onKill(++report.kills, `the server, ${written.acknowledged} writes acknowledged`);
    ending.abort();
    await writing;
  }
  const serving = await serve();
  report.runs++;
  await check(serving);
  // A write sweeps what the killed ones left.
  await written.writeOnce(serving.client);
  await check(serving);
  let items = 0;
  for await (const item of serving.client.allItems('g')) if (item.id.startsWith('written/')) items++;
  serving.kill('SIGTERM');
  if ((await serving.ended) !== 0) report.problems.push('limn serve did not end well');
  const entries = await readdir(join(images, '.limn'), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map(({ name }) => name);
  if (files.length !== items) report.problems.push(`${items} items, but ${files.length} files: ${files.join(', ')}`);
  return report;
}
