import { startLimn, takeTurns } from './sides.mjs';
import { stepOptions } from './step-options.mjs';
const size = process.argv[2] ?? 'usual', variants = JSON.parse(process.argv[3] ?? '[{"optimizerIn":"graph"},{"optimizerIn":"runtime"}]');
const rounds = process.argv[4] ?? '5', steps = process.argv[5] ?? '4', script = process.argv[6] ?? 'limn-side.mjs';
const { options, turns } = stepOptions({ size, dropout: '0.1', threads: '2', rounds, steps, warmup: '3' });
const sides = [];
for (const v of variants) sides.push(await startLimn({ ...options, ...v }, script));
const r = await takeTurns(sides, turns);
r.forEach((x, i) => console.log(JSON.stringify(variants[i]), x.milliseconds.median, x.milliseconds.quartiles.join('-'), 'cpu', x.cpuMilliseconds, 'peak', x.peakMiB));
