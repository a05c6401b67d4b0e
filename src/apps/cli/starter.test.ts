import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, it } from 'vitest';

const loader = ['--import', import.meta.resolve('tsx')];
const watching = `
  import { whenStarterEnds } from ${JSON.stringify(join(import.meta.dirname, 'starter.ts'))};
  whenStarterEnds(() => { console.log("gone"); process.exit(); });
  console.log("pid " + process.pid);
  setInterval(() => {}, 1000);
`;

/** As npx: a shell that stays, and the program below it. */
it.skipIf(process.platform !== 'linux').each(['SIGTERM', 'SIGKILL'] as const)(
  'notices that what started it was ended with %s',
  async (signal) => {
    const program = [process.execPath, ...loader, '--input-type=module', '-e', watching].map((word) => `'${word}'`).join(' ');
    const code = `require('node:child_process').spawn('sh', ['-c', process.argv[1]], { stdio: ['ignore', 1, 2] }); setInterval(() => {}, 1000)`;
    const starter = spawn(process.execPath, ['-e', code, `${program}; true`], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, npm_command: 'exec' },
    });
    const lines = createInterface({ input: starter.stdout })[Symbol.asyncIterator]();
    const { value: first } = await lines.next();
    expect(first).toMatch(/^pid \d+$/);
    const ended = once(starter, 'exit');
    starter.kill(signal);
    await ended;
    expect((await lines.next()).value).toBe('gone');
  },
);
