/**
 * The benches.
 *
 *     npm run bench                     all races, as one table; see all.mjs for its flags
 *     npm run bench -- NAME [flags]     one of them; its first lines explain its flags
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { benchFiles, nodeFlags } from './files.mjs';

const [name, ...rest] = process.argv.slice(2);
const isAll = name === undefined || name.startsWith('-');
const file = isAll ? 'all.mjs' : benchFiles[name];
if (file === undefined) {
  console.error(`bench: there is no bench "${name}": give one of ${Object.keys(benchFiles).join(', ')}`);
  process.exit(2);
}
const args = isAll ? process.argv.slice(2) : rest;
const data = process.env.LIMN_SHARED_DATA ?? fileURLToPath(new URL('../../shared/data', import.meta.url));
const child = spawn(process.execPath, [...nodeFlags, fileURLToPath(new URL(file, import.meta.url)), ...args], {
  stdio: 'inherit',
  env: { LIMN_ENCODERS: join(data, 'weights'), ...process.env },
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.on('exit', (code) => {
  process.exitCode = code ?? 1;
});
