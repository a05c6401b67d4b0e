/**
 * The benches.
 *
 *     npm run bench                     all races, as one table; see all.ts for its flags
 *     npm run bench -- NAME [flags]     one of them; its first lines explain its flags
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { benchFiles, benchScript } from './lib/bench-files.js';
import { sharedData } from './lib/paths.js';

const [name, ...rest] = process.argv.slice(2);
const isAll = name === undefined || name.startsWith('-');
const names = Object.keys(benchFiles).join(', ');
const file = isAll ? 'all' : Object.hasOwn(benchFiles, name) ? benchFiles[name] : undefined;
if (file === undefined) {
  console.error(`bench: there is no bench "${name}": give one of ${names}, or none for all races`);
  process.exit(2);
}
if (name === undefined) console.error(`bench: all races; for one bench give its name: ${names}`);
const args = isAll ? process.argv.slice(2) : rest;
const child = spawn(process.execPath, [benchScript(file), ...args], {
  stdio: 'inherit',
  env: { LIMN_ENCODERS: join(sharedData, 'weights'), ...process.env },
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
child.on('exit', (code) => {
  process.exitCode = code ?? 1;
});
