import type { NetConnectOpts, Server, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { setImmediate } from 'node:timers/promises';

import type { Clock } from '@kombu/core/spi';
import { systemClock } from '@kombu/core/spi';

import type { Conditions, Cut } from './pipe.ts';
import { healthy, slicing } from './pipe.ts';
import type { Direction, LinkFaults } from './proxy-link.ts';
import { ProxyLink } from './proxy-link.ts';

const directions = ['upstream', 'downstream'] as const;

/** Options of {@link TcpProxy.listen}. */
export interface TcpProxyOptions {
  /** The broker: an address, or the path of a unix socket. */
  readonly target: { readonly host: string; readonly port: number } | { readonly path: string };
  /** Where to listen on 127.0.0.1. Default 0: any free port. */
  readonly port?: number;
  /** Times `delay` and `slice`. Default: the machine's clock. */
  readonly clock?: Clock;
}

/**
 * A proxy between client and broker, in this process, that makes the network misbehave. It forwards opaque bytes, so TLS goes
 * through. A fault holds for the live links and for new ones, until `heal`; `connections` has the links one by one.
 * `reset` and `halfClose` strike live links only.
 */
export class TcpProxy implements LinkFaults, AsyncDisposable {
  /** Opens the proxy. Rejects when the port is taken. */
  static async listen(options: TcpProxyOptions): Promise<TcpProxy> {
    const proxy = new TcpProxy(options);
    if (options.port) await proxy.#open(options.port);
    else await proxy.#openAnywhere();
    return proxy;
  }

  readonly host = '127.0.0.1';
  readonly #target: TcpProxyOptions['target'];
  readonly #clock: Clock;
  readonly #links = new Set<ProxyLink>();
  /** Bytes of links that are gone. */
  readonly #past: Record<Direction, number> = { upstream: 0, downstream: 0 };
  #conditions: Record<Direction, Conditions> = { upstream: healthy, downstream: healthy };
  #cuts: Partial<Record<Direction, Cut>> = {};
  #server: Server | undefined;
  #listening: Promise<void> | undefined;
  #port = 0;
  #accepted = 0;
  #closed = false;

  private constructor(options: TcpProxyOptions) {
    this.#target = options.target;
    this.#clock = options.clock ?? systemClock;
  }

  get port(): number {
    return this.#port;
  }

  /** The broker's URL with the proxy's address in place of its own; the rest, credentials included, stays as it is. */
  url(brokerUrl: string): string {
    return brokerUrl.replace(
      /^([a-z][a-z0-9+.-]*:\/\/(?:[^/?#]*@)?)[^/?#]*/i,
      (_, before: string) => `${before}${this.host}:${this.port}`,
    );
  }

  /** The live links, oldest first. */
  get connections(): readonly ProxyLink[] {
    return [...this.#links];
  }

  /** How many connections were accepted so far. */
  get accepted(): number {
    return this.#accepted;
  }

  /** Bytes that were handed on so far, over all links. */
  get bytes(): Readonly<Record<Direction, number>> {
    const sum = { ...this.#past };
    for (const link of this.#links) addBytes(sum, link);
    return sum;
  }

  /** Resolves when at least `count` links are live; rejects after `timeoutMs` milliseconds of real time (default 5000). */
  async connected(count = 1, timeoutMs = 5000): Promise<void> {
    const giveUpAt = performance.now() + timeoutMs;
    while (this.#links.size < count) {
      if (performance.now() > giveUpAt) {
        throw new Error(`TcpProxy: ${this.#links.size} of ${count} connections are there after ${timeoutMs} ms`);
      }
      await setImmediate();
    }
  }

  /** Stops listening: new connections get ECONNREFUSED, live ones go on. */
  refuse(): void {
    this.#server?.close();
    this.#server = undefined;
  }

  reset(direction?: Direction): void {
    for (const link of this.#links) link.reset(direction);
  }

  blackhole(direction?: Direction): void {
    this.#change({ passage: 'blackhole' }, direction);
  }

  stall(direction?: Direction): void {
    this.#change({ passage: 'stalled' }, direction);
  }

  halfClose(direction?: Direction): void {
    for (const link of this.#links) link.halfClose(direction);
  }

  delay(ms: number, direction?: Direction): void {
    this.#change({ delayMs: ms }, direction);
  }

  slice(bytes: number, delayMs = 0, direction?: Direction): void {
    this.#change(slicing(bytes, delayMs), direction);
  }

  /**
   * Cuts the first link that gets there: live links count from now, new ones from their first byte. Happens once, so that
   * the client can come back.
   */
  cutAfter(bytes: number, direction: Direction, receiverSees: 'reset' | 'end' = 'reset'): void {
    const cut: Cut = { afterBytes: bytes, receiverSees, done: false };
    this.#cuts[direction] = cut;
    for (const link of this.#links) link.armCut(cut, direction);
  }

  /** Ends all faults: listens again on the same port, and lets pass what was held back. */
  async heal(): Promise<void> {
    for (const cut of Object.values(this.#cuts)) cut.done = true;
    this.#cuts = {};
    this.#change(healthy);
    if (this.#server === undefined && !this.#closed) this.#listening = this.#open(this.#port);
    await this.#listening;
  }

  /** Stops listening and drops all links; settles in every state. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    this.refuse();
    const links = this.connections;
    for (const link of links) link.destroy();
    await Promise.all(links.map((link) => link.closed));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #change(conditions: Partial<Conditions>, direction?: Direction): void {
    for (const each of directions) {
      if (direction === undefined || direction === each) {
        this.#conditions[each] = { ...this.#conditions[each], ...conditions };
      }
    }
    for (const link of this.#links) link.change(conditions, direction);
  }

  #accept(client: Socket): void {
    if (this.#closed) return void client.destroy();
    this.#accepted++;
    const options: NetConnectOpts = { ...this.#target, allowHalfOpen: true, noDelay: true };
    const link = new ProxyLink(client, connect(options), this.#clock);
    for (const direction of directions) {
      link.change(this.#conditions[direction], direction);
      const cut = this.#cuts[direction];
      if (cut !== undefined) link.armCut(cut, direction);
    }
    this.#links.add(link);
    void this.#forgetWhenClosed(link);
  }

  async #forgetWhenClosed(link: ProxyLink): Promise<void> {
    await link.closed;
    addBytes(this.#past, link);
    this.#links.delete(link);
  }

  async #openAnywhere(): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      // Below the range from which systems take the ports of outgoing connections: else, while `refuse` holds, a client's own
      // outgoing port may be this one, and it would connect to itself.
      const port = 20_000 + Math.floor(Math.random() * 12_000);
      try {
        return await this.#open(port);
      } catch (error) {
        if (attempt === 20 || (error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
      }
    }
  }

  #open(port: number): Promise<void> {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#accept(client));
    this.#server = server;
    return new Promise((resolve, reject) => {
      server.once('error', (error) => {
        if (this.#server === server) this.#server = undefined;
        reject(error);
      });
      server.listen(port, this.host, () => {
        this.#port = port;
        resolve();
      });
      // All that a server says which `refuse` or `close` overtook.
      server.once('close', resolve);
    });
  }
}

function addBytes(sum: Record<Direction, number>, link: ProxyLink): void {
  sum.upstream += link.bytes.upstream;
  sum.downstream += link.bytes.downstream;
}
