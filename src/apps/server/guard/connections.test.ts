/** Connections by themselves: who has to make room, and what is closed. */
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type ConnectionLimits, Connections } from './connections.js';

let server: Server;
let connections: Connections;
const answers: ServerResponse[] = [];
const opened: Socket[] = [];

async function listen(limits: Partial<ConnectionLimits>): Promise<void> {
  // Answers are given by hand.
  server = createServer((_, response) => void answers.push(response));
  const all = { most: 100, perAddress: 0, idleMilliseconds: 60_000, pressedMilliseconds: 50, lingerMilliseconds: 50, ...limits };
  connections = new Connections(server, all);
  server.on('clientError', (_, socket) => connections.refuse(socket as Socket, 'HTTP/1.1 400 Bad Request\r\n\r\nno'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
}

afterEach(async () => {
  for (const socket of opened.splice(0)) socket.destroy();
  answers.splice(0);
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

/** A connection that stays open on its own side. @returns the socket, whether the server has closed it, and what it sent */
async function open(localAddress = '127.0.0.1', text = '') {
  const { port } = server.address() as AddressInfo;
  const socket = connect({ port, host: '127.0.0.1', localAddress, allowHalfOpen: true });
  const state = { socket, closed: false, received: '' };
  const close = () => {
    state.closed = true;
  };
  socket.on('error', close).on('end', close).on('close', close);
  socket.on('data', (chunk) => {
    state.received += chunk;
  });
  opened.push(socket);
  await once(socket, 'connect');
  if (text) socket.write(text);
  // Not before the server knows of it.
  const before = connections.count;
  await vi.waitFor(() => expect(state.closed || connections.count >= Math.min(before, 1)).toBe(true));
  return state;
}

const get = 'GET / HTTP/1.1\r\nhost: x\r\n\r\n';
const answered = async (count: number) => vi.waitFor(() => expect(answers).toHaveLength(count), 30_000);
const closedOf = (states: readonly { closed: boolean }[]) => states.map(({ closed }) => closed);

describe('Connections', () => {
  it('of one address make room for its own, the one that is unused for longest first', async () => {
    await listen({ perAddress: 2 });
    const own = [await open('127.0.0.2'), await open('127.0.0.2')];
    const other = await open('127.0.0.3');
    await vi.waitFor(() => expect(connections.count).toBe(3));
    const next = await open('127.0.0.2');
    await vi.waitFor(() => expect(own[0]?.closed).toBe(true), 30_000);
    expect(closedOf([own[1] as { closed: boolean }, other, next])).toEqual([false, false, false]);
  });

  it('of the greediest address make room where all are taken; those with a request stay', async () => {
    await listen({ most: 3, pressedMilliseconds: 60_000 });
    const busy = await open('127.0.0.2', get);
    await answered(1);
    const unused = await open('127.0.0.2');
    const other = await open('127.0.0.3');
    await vi.waitFor(() => expect(connections.count).toBe(3));
    const fresh = await open('127.0.0.4', get);
    await answered(2);
    await vi.waitFor(() => expect(unused.closed).toBe(true), 30_000);
    expect(closedOf([busy, other, fresh])).toEqual([false, false, false]);
    // The last that is unused goes too, and then there is none.
    await open('127.0.0.5', get);
    await answered(3);
    await vi.waitFor(() => expect(other.closed).toBe(true), 30_000);
    const late = await open('127.0.0.6');
    await vi.waitFor(() => expect(late.closed).toBe(true), 30_000);
    expect(closedOf([busy, fresh])).toEqual([false, false]);
  });

  it('are closed after a broken request, with the answer, though the other side never closes', async () => {
    await listen({});
    const broken = await open('127.0.0.1', 'nonsense\r\n\r\n');
    await vi.waitFor(() => expect(broken.closed).toBe(true), 30_000);
    await vi.waitFor(() => expect(connections.count).toBe(0), 30_000);
    expect(broken.received).toContain('400 Bad Request');
  });

  it('are kept for a short time only where most are taken', async () => {
    await listen({ most: 4 });
    const kept = await open('127.0.0.2', get);
    await answered(1);
    answers[0]?.end('yes');
    await vi.waitFor(() => expect(kept.received).toContain('yes'), 30_000);
    expect(server.keepAliveTimeout).toBe(60_000);
    await open('127.0.0.3', get);
    await open('127.0.0.4', get);
    await answered(3);
    await vi.waitFor(() => expect(kept.closed).toBe(true), 30_000);
    await vi.waitFor(() => expect(server.keepAliveTimeout).toBe(60_000), 30_000);
  });

  it('on which nothing is answered are closed at the end', async () => {
    await listen({});
    const [busy, half, idle] = [await open('127.0.0.1', get), await open('127.0.0.1', 'GET / HTTP'), await open()];
    await answered(1);
    await vi.waitFor(() => expect(connections.count).toBe(3));
    connections.closeUnused();
    await vi.waitFor(() => expect(closedOf([half, idle])).toEqual([true, true]), 30_000);
    expect(busy.closed).toBe(false);
  });
});
