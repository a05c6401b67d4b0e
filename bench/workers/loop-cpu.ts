/**
 * Loaded into a server by a bench (Linux): how much CPU time its main thread takes between two looks, 2 ms apart where nothing holds the event
 * loop up. So it says what one turn of the loop costs, however busy the machine is. SIGUSR2 begins anew; at its end the process writes
 * {"p99": ms, "most": ms} to the file that LOOP_CPU names.
 */
import { readFileSync, writeFileSync } from 'node:fs';

const state = `/proc/self/task/${process.pid}/schedstat`;
const cpuMilliseconds = () => Number(readFileSync(state, 'latin1').split(' ', 1)[0]) / 1e6;
let times: number[] = [];
let last = cpuMilliseconds();
const look = () => {
  const now = cpuMilliseconds();
  times.push(now - last);
  last = now;
  setTimeout(look, 2).unref();
};
look();
process.on('SIGUSR2', () => {
  times = [];
});
process.on('exit', () => {
  times.sort((a, b) => a - b);
  const at = (quantile: number) => times[Math.min(times.length - 1, Math.floor(quantile * times.length))] ?? 0;
  writeFileSync(process.env.LOOP_CPU ?? '/dev/null', JSON.stringify({ p99: at(0.99), most: at(1) }));
});
