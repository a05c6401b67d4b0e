/** What to say about the machine. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';

const require = createRequire(import.meta.url);
const version = (name: string): string => JSON.parse(readFileSync(require.resolve(`${name}/package.json`), 'utf8')).version;

export function machine() {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGiB: Number((totalmem() / 2 ** 30).toFixed(1)),
    loadBefore: loadavg().map((load) => Number(load.toFixed(2))),
    platform: `${process.platform}-${process.arch}`,
    node: process.version,
    onnxruntime: version('onnxruntime-node'),
    limn: version('limn'),
  };
}

export type Machine = ReturnType<typeof machine>;
