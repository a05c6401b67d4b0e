/**
 * The connections of a server: no more than it may have, no more of one address than one may have, and none that nobody uses while
 * others wait for a place. Where there is no place for a new one, one without a request makes room: of the address with the most of them,
 * the one that was used least recently. Where all have requests that are being answered, the new one is closed.
 */
import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { peerAddress } from './addresses.js';

export interface ConnectionLimits {
  /** Of all addresses. */
  most: number;
  /** Of one address; 0 for as many as there may be. */
  perAddress: number;
  /** How long a connection that was answered may stay without a request, in milliseconds. */
  idleMilliseconds: number;
  /** The same where three quarters of all connections are taken. */
  pressedMilliseconds: number;
  /** How long a connection whose request was broken is read on, so that its answer arrives, in milliseconds. */
  lingerMilliseconds: number;
}

export const connectionDefaults = { idleMilliseconds: 65_000, pressedMilliseconds: 2000, lingerMilliseconds: 1000 };

interface Open {
  address: string;
  /** Requests that are being answered. */
  requests: number;
}

export class Connections {
  private readonly open = new Map<Socket, Open>();
  /** Those of each address; what was used last is at the end. */
  private readonly byAddress = new Map<string, Set<Socket>>();
  private pressed = false;

  constructor(
    private readonly server: Server,
    private readonly limits: ConnectionLimits,
  ) {
    server.keepAliveTimeout = limits.idleMilliseconds;
    server.on('connection', (socket) => this.opened(socket));
    server.prependListener('request', (request, response) => this.asked(request.socket, response));
  }

  get count(): number {
    return this.open.size;
  }

  /** Answers on a connection whose request was broken, and closes it, whether or not the other side does. */
  refuse(socket: Socket, answer: string): void {
    if (!socket.writable) return;
    socket.end(answer);
    // What is unread when a socket is destroyed would take the answer with it.
    socket.resume();
    const timer = setTimeout(() => socket.destroy(), this.limits.lingerMilliseconds);
    socket.once('close', () => clearTimeout(timer));
  }

  /** Closes all on which nothing is being answered, also those that have not sent a whole request. */
  closeUnused(): void {
    for (const [socket, { requests }] of this.open) if (requests === 0) socket.destroy();
  }

  private opened(socket: Socket): void {
    const address = peerAddress(socket.remoteAddress);
    if (!this.makeRoom(address)) return void socket.destroy();
    const own = this.byAddress.get(address) ?? new Set();
    this.byAddress.set(address, own.add(socket));
    this.open.set(socket, { address, requests: 0 });
    socket.once('close', () => this.forget(socket));
    this.press();
  }

  private asked(socket: Socket, response: ServerResponse): void {
    const state = this.open.get(socket);
    if (!state) return;
    state.requests++;
    response.once('close', () => {
      state.requests--;
      const own = this.byAddress.get(state.address);
      if (own?.delete(socket)) own.add(socket);
    });
  }

  /** @returns whether one more connection of the address may be there */
  private makeRoom(address: string): boolean {
    const { most, perAddress } = this.limits;
    const own = this.byAddress.get(address);
    if (own && perAddress > 0 && own.size >= perAddress) return this.closeOne(own);
    if (this.count < most) return true;
    return [...this.byAddress.values()].sort((a, b) => b.size - a.size).some((sockets) => this.closeOne(sockets));
  }

  /** Closes the connection that was used least recently of those without a request. @returns whether there was one */
  private closeOne(sockets: ReadonlySet<Socket>): boolean {
    for (const socket of sockets) {
      if (this.open.get(socket)?.requests !== 0) continue;
      // Its own event comes later, and more connections may come before that.
      this.forget(socket);
      socket.destroy();
      return true;
    }
    return false;
  }

  private forget(socket: Socket): void {
    const state = this.open.get(socket);
    if (!state) return;
    this.open.delete(socket);
    const own = this.byAddress.get(state.address);
    own?.delete(socket);
    if (own?.size === 0) this.byAddress.delete(state.address);
    this.press();
  }

  /** Near the limit, connections that are only kept for later are kept for a short time. */
  private press(): void {
    const pressed = this.count >= 0.75 * this.limits.most;
    if (pressed === this.pressed) return;
    this.pressed = pressed;
    this.server.keepAliveTimeout = pressed ? this.limits.pressedMilliseconds : this.limits.idleMilliseconds;
    if (!pressed) return;
    for (const [socket, { requests }] of this.open) if (requests === 0) socket.setTimeout(this.limits.pressedMilliseconds);
  }
}
