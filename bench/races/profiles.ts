/**
 * The profiles that all sessions of a process leave in a folder, summed by operator:
 *
 *     LIMN_PROFILE=FOLDER limn ...            any command, or any side of a bench
 *     npm run bench -- profiles FOLDER
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readEvents, summaryOf } from '../lib/profile.js';

const [folder] = process.argv.slice(2);
if (!folder) {
  console.error('Say which folder: npm run bench -- profiles FOLDER');
  process.exit(2);
}
for (const file of (await readdir(folder)).filter((name) => name.endsWith('.json'))) {
  const summary = summaryOf(await readEvents(join(folder, file)));
  const { runs, milliseconds, nodes, reshapes } = summary;
  console.log(`${file}: ${runs} runs, ${milliseconds} ms a run in ${nodes} kernels, ${reshapes} of them Reshapes`);
  console.table(summary.by(({ args }) => args.op_name, 12));
}
