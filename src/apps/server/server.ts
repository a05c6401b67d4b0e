export const usualHost = '127.0.0.1';
export const usualPort = 7788;

/** The server: listening, and ending without losing what it works on. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import type { Logger } from 'pino';
import { LimnError } from '../../core/errors.js';
import { isLoopback } from './guard/addresses.js';
import { Connections, connectionDefaults } from './guard/connections.js';
import type { ServerLimits } from './guard/limits.js';
import { HttpProblem, problemBody } from './handlers/problems.js';
import { silentLog } from './log.js';
import { type AppSettings, type MadeApp, makeApp } from './make-app.js';

/** Options of {@link startServer}: those of the API, and where it listens. */
export interface ServerOptions extends AppSettings {
  /** The address to listen on. @default '127.0.0.1' */
  host?: string | undefined;
  /** 0 takes any free one. @default 7788 */
  port?: number | undefined;
}

/** A server that listens. */
export interface RunningServer {
  /** E.g. "http://127.0.0.1:7788". */
  url: string;
  /** The port that it listens on; useful if 0 was requested. */
  port: number;
  /**
   * Takes no more requests, finishes those that run, and ends.
   *
   * @param milliseconds after which what still runs is stopped. @default 10,000
   */
  close(milliseconds?: number): Promise<void>;
}

/**
 * Starts a server.
 *
 * @throws LimnError USAGE where others could reach it without a key, CONFIG for a broken file of keys, IO for a port that is taken
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { host = usualHost, port = usualPort, log = silentLog } = options;
  if (!options.keys && !options.open && !isLoopback(host)) {
    throw new LimnError(
      'USAGE',
      `On ${host} other machines can reach the server, and it has no keys: create some with "limn serve keys add" and give their file with --keys, or give --open to serve everybody.`,
    );
  }
  const app = await makeApp(options);
  const { server, connections } = listener(app.fetch, app.limits, log);
  try {
    await listen(server, host, port);
  } catch (error) {
    await app.release();
    throw error;
  }
  const { port: taken } = server.address() as AddressInfo;
  const name = host.includes(':') ? `[${host}]` : host;
  let closed: Promise<void> | undefined;
  return {
    url: `http://${name}:${taken}`,
    port: taken,
    close: (milliseconds = 10_000) => {
      app.refuse();
      closed ??= end(server, connections, app, milliseconds).finally(() => app.release());
      return closed;
    },
  };
}

/** What HTTP itself can get wrong is answered like everything else. */
function listener(fetch: MadeApp['fetch'], limits: ServerLimits, log: Logger): { server: Server; connections: Connections } {
  const errorHandler = () => {
    const problem = new HttpProblem(400, 'USAGE', 'The address or the Host header of the request is invalid.');
    return new Response(JSON.stringify(problemBody(problem, '')), {
      status: 400,
      headers: { 'content-type': 'application/json' },
    });
  };
  const server = createServer(
    {
      headersTimeout: limits.headerMilliseconds,
      // A body has its own time, whose end has an answer; this is for what comes before it is read.
      requestTimeout: limits.headerMilliseconds + limits.bodyMilliseconds + 5000,
      connectionsCheckingInterval: Math.min(2000, limits.headerMilliseconds),
      maxHeaderSize: 16 * 1024,
    },
    getRequestListener(fetch, { overrideGlobalObjects: false, errorHandler }),
  );
  // Where no byte goes either way for longer than any request may take, nobody reads the answer.
  server.timeout = limits.bodyMilliseconds + limits.requestMilliseconds + 15_000;
  const connections = new Connections(server, {
    most: limits.connections,
    perAddress: limits.connectionsPerAddress,
    ...connectionDefaults,
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    if (error.code === 'ECONNRESET') return void socket.destroy();
    if (!socket.writable) return;
    const problem = brokenRequest(error.code);
    log.info({ status: problem.status, address: socket.remoteAddress }, 'refused');
    const body = JSON.stringify(problemBody(problem, ''));
    const head = [
      `HTTP/1.1 ${problem.status} ${problem.code}`,
      'content-type: application/json',
      'connection: close',
      `content-length: ${Buffer.byteLength(body)}`,
    ];
    connections.refuse(socket, `${head.join('\r\n')}\r\n\r\n${body}`);
  });
  return { server, connections };
}

function brokenRequest(code: string | undefined): HttpProblem {
  if (code === 'HPE_HEADER_OVERFLOW')
    return new HttpProblem(431, 'TOO_LARGE', 'The headers have more than 16384 bytes. Send less.');
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return new HttpProblem(408, 'TIMEOUT', 'The request did not arrive in time. Send it again.');
  return new HttpProblem(400, 'USAGE', 'This is not a valid HTTP request.');
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const reasons: Record<string, string> = {
        EADDRINUSE: `Port ${port} on ${host} is taken: stop what uses it, or choose another with --port.`,
        EACCES: `Port ${port} on ${host} needs more rights than this user has: choose a port from 1024 with --port.`,
        EADDRNOTAVAIL: `This machine has no address ${host}: choose another with --host.`,
        ENOTFOUND: `There is no host ${host}: choose another with --host.`,
      };
      const message = reasons[error.code ?? ''] ?? `Cannot listen on ${host}, port ${port}: ${error.message}.`;
      reject(new LimnError('IO', message, { details: { host, port }, cause: error }));
    });
    server.listen(port, host, resolve);
  });
}

async function end(server: Server, connections: Connections, app: MadeApp, milliseconds: number): Promise<void> {
  const ended = new Promise<void>((resolve) => server.close(() => resolve()));
  const stopAll = () => {
    app.stop();
    // The answers go out first.
    setTimeout(() => server.closeAllConnections(), 200).unref();
  };
  const timer = setTimeout(stopAll, milliseconds);
  connections.closeUnused();
  await ended.finally(() => clearTimeout(timer));
}
