import { createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { sha256 } from '../../../core/files.js';
import { ByteBudget } from '../guard/slots.js';
import { readBody } from './bodies.js';
import { BodyTurns } from './body-turns.js';

/** The next turn of the event loop: what was scheduled before has run. */
const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

it('lets few bodies go on in each turn of the loop, callers in turn, and none that has ended', async () => {
  const turns = new BodyTurns();
  const resumed: string[] = [];
  const body = (name: string) => ({ pause: () => {}, resume: () => resumed.push(name) }) as unknown as IncomingMessage;
  const stops = ['a1', 'a2', 'a3', 'a4', 'a5'].map((name) => turns.pause(body(name), 'a'));
  turns.pause(body('b1'), 'b');
  stops[2]?.();
  expect(resumed).toEqual([]);
  await nextTurn();
  expect(resumed).toEqual(['a1', 'b1']);
  await nextTurn();
  expect(resumed).toEqual(['a1', 'b1', 'a2', 'a4']);
  await nextTurn();
  expect(resumed).toEqual(['a1', 'b1', 'a2', 'a4', 'a5']);
  // One that stood still and comes again.
  await nextTurn();
  turns.pause(body('a6'), 'a');
  await nextTurn();
  expect(resumed.at(-1)).toBe('a6');
});

it('gives every body whole, however many come at once, and an error where one breaks off', async () => {
  const turns = new BodyTurns();
  const budget = new ByteBudget(2 ** 30);
  const limits = { bodyBytes: 4_000_000, bodyMilliseconds: 60_000 };
  const problems: string[] = [];
  const server = createServer((incoming, outgoing) => {
    readBody(incoming, limits, { budget, turns, caller: String(incoming.headers['x-caller']) }).then(
      ({ bytes, release }) => {
        release();
        outgoing.end(sha256(bytes));
      },
      (error) => {
        problems.push(error.message);
        outgoing.writeHead(error.status).end();
      },
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const send = (caller: string, bytes: Buffer, promised = bytes.length) =>
    new Promise<string>((resolve) => {
      const headers = { 'x-caller': caller, 'content-length': promised };
      const sent = request({ port, host: '127.0.0.1', method: 'POST', headers, agent: false }, async (answer) => {
        let text = '';
        for await (const piece of answer) text += piece;
        resolve(answer.statusCode === 200 ? text : String(answer.statusCode));
      });
      sent.on('error', () => resolve('broken'));
      sent.write(bytes);
      if (promised === bytes.length) sent.end();
      else setTimeout(() => sent.destroy(), 50);
    });
  try {
    const bodies = [0, 1, 16_384, 16_385, 100_000, 1_500_000, 4_000_000, 3_999_999].map((size, i) =>
      Buffer.alloc(size, `body ${i}`),
    );
    const whole = bodies.map((bytes, i) => send(i % 2 ? 'a' : 'b', bytes));
    const broken = [send('a', Buffer.alloc(500_000), 600_000), send('b', Buffer.alloc(10), 20)];
    expect(await Promise.all(whole)).toEqual(bodies.map((bytes) => sha256(bytes)));
    expect(await Promise.all(broken)).toEqual(['broken', 'broken']);
    expect(await send('a', Buffer.alloc(4_000_001))).toMatch(/413|broken/);
    while (problems.length < 3) await nextTurn();
    expect(problems.filter((problem) => problem.startsWith('The connection ended'))).toHaveLength(2);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});
