import { join, resolve } from 'node:path';
import { defineConfig } from 'vitest/config';
import { addingParts } from './test/support/adding-parts.js';

const source = (file: string) => resolve(import.meta.dirname, 'src', file);

export default defineConfig({
  // The examples import limn as a user's files do; tests give them the sources.
  resolve: {
    alias: [
      { find: /^limn$/, replacement: source('index.ts') },
      { find: 'limn/engine', replacement: source('engine/index.ts') },
      { find: 'limn/stores', replacement: source('search/store/index.ts') },
      { find: /^#limn\//, replacement: `${source('')}/` },
    ],
  },
  test: {
    env: {
      LIMN_ENCODERS: join(process.env.LIMN_SHARED_DATA ?? resolve('..', 'shared', 'data'), 'weights'),
      // Two files are tested at once, on two cores. Those that test the command line compute with as many threads as there are cores.
      LIMN_THREADS: '1',
    },
    projects: [
      {
        extends: true,
        test: {
          name: 'units',
          include: ['src/**/*.test.ts', 'web/src/**/*.test.ts', 'bench/lib/**/*.test.ts'],
          exclude: addingParts,
          // Most of them take less time than their imports, which they share in this way.
          isolate: false,
          setupFiles: [resolve(import.meta.dirname, 'test/support/left-as-found.ts')],
        },
      },
      { extends: true, test: { name: 'whole', include: ['test/**/*.test.ts', ...addingParts] } },
    ],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
    // A browser beside other work takes its time; what is right is right as soon as it is there.
    expect: { poll: { timeout: 20_000, interval: 20 } },
    // Browsers, servers and killed processes share the machine with other work: a test fails when it fails twice.
    retry: 1,
    pool: 'forks',
  },
});
