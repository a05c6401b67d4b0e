import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { conformance } from '../testing/conformance.js';

let root: string;
let made = 0;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'limn-memory-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

conformance('memory', { location: () => `memory:${join(root, String(made++))}` });
conformance('memory, in threads', {
  location: () => `memory:${join(root, String(made++))}`,
  options: { threads: 2, inlineFloats: 0 },
});
