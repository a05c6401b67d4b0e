/** node scripts/fuzz.mjs --inputs 50000 --seed 1 --minutes 30 [--only TARGET], after npm run build: prints findings as JSON. */
import { parseArgs } from 'node:util';
import { fuzz } from './fuzz/run.mjs';

const number = (fallback) => ({ type: 'string', default: String(fallback) });
const { values } = parseArgs({
  options: { inputs: number(50_000), seed: number(1), minutes: number(30), only: { type: 'string' } },
});
const { counts, accepted, findings } = await fuzz({
  inputs: Number(values.inputs),
  seed: Number(values.seed),
  minutes: Number(values.minutes),
  only: values.only,
  say: (line) => console.error(line),
});
console.log(JSON.stringify({ counts, accepted, findings }, undefined, 2));
process.exitCode = findings.length > 0 ? 1 : 0;
