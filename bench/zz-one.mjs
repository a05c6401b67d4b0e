import { startLimn } from './sides.mjs';
import { stepOptions } from './step-options.mjs';
const [size, extra] = [process.argv[2], JSON.parse(process.argv[3] ?? '{}')];
const { options } = stepOptions({ size, dropout: '0.1', threads: '2', rounds: '1', steps: '1', warmup: '1' });
const side = await startLimn({ ...options, ...extra }, (extra.base ? '../../../../tmp/speed/base/bench/' : '') + 'limn-side.mjs');
const r = await side.ask({ steps: 5 });
console.log(size, JSON.stringify(extra), r.times.map(t=>t.toFixed(0)).join(' '), 'cpu', r.cpu.toFixed(0), 'peak', Math.round(r.peakBytes/2**20));
await side.end();
