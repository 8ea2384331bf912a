import type { Socket } from 'node:net';

import type { Clock } from '@kombu/core/spi';

import type { Conditions, Cut } from './pipe.ts';
import { Pipe, resetSocket, slicing } from './pipe.ts';

/** `upstream`: from the client to the broker. `downstream`: from the broker to the client. */
export type Direction = 'upstream' | 'downstream';

/** What can be done to a link, or to all links of a proxy at once. Every fault lasts until `heal`, and faults add up. */
export interface LinkFaults {
  /**
   * Ends live links with RST at once. `downstream`: only the client is told, and the broker goes on believing in the link;
   * `upstream`: the other way round. Default: both.
   */
  reset(direction?: Direction): void;
  /** Sockets stay open, nothing passes, not even an end. What was sent meanwhile passes after `heal`, as TCP would do it. */
  blackhole(direction?: Direction): void;
  /** Nothing is read any more, so that the sender's buffers fill up. */
  stall(direction?: Direction): void;
  /** Sends FIN in this direction and forwards nothing more in it; the other direction goes on. Default `downstream`. */
  halfClose(direction?: Direction): void;
  /** Every byte arrives `ms` milliseconds later; the order stays. */
  delay(ms: number, direction?: Direction): void;
  /** Bytes arrive in pieces of at most `bytes`, `delayMs` milliseconds apart (default 0: one turn of the event loop). */
  slice(bytes: number, delayMs?: number, direction?: Direction): void;
  /**
   * Lets exactly `bytes` more bytes pass in this direction, and then ends the link; 0: when the first byte wants to pass. The
   * sender sees a reset. The receiver sees one too (default; it may take unread bytes with it beyond a TCP window of 64 KiB),
   * or an end, which never does. Happens once; a new order replaces the former one of this direction.
   */
  cutAfter(bytes: number, direction: Direction, receiverSees?: 'reset' | 'end'): void;
}

/** One client's connection through the proxy. */
export class ProxyLink implements LinkFaults {
  /** Resolves when both sockets are closed. */
  readonly closed: Promise<void>;
  readonly #client: Socket;
  readonly #broker: Socket;
  readonly #pipes: Readonly<Record<Direction, Pipe>>;

  constructor(client: Socket, broker: Socket, clock: Clock) {
    this.#client = client;
    this.#broker = broker;
    this.#pipes = { upstream: new Pipe(client, broker, clock), downstream: new Pipe(broker, client, clock) };
    this.closed = bothClosed(client, broker);
  }

  /** Bytes that were handed on so far. */
  get bytes(): Readonly<Record<Direction, number>> {
    return { upstream: this.#pipes.upstream.bytes, downstream: this.#pipes.downstream.bytes };
  }

  reset(direction?: Direction): void {
    if (direction !== 'upstream') resetSocket(this.#client);
    if (direction !== 'downstream') resetSocket(this.#broker);
  }

  blackhole(direction?: Direction): void {
    this.change({ passage: 'blackhole' }, direction);
  }

  stall(direction?: Direction): void {
    this.change({ passage: 'stalled' }, direction);
  }

  halfClose(direction: Direction = 'downstream'): void {
    this.#pipes[direction].finish();
  }

  delay(ms: number, direction?: Direction): void {
    this.change({ delayMs: ms }, direction);
  }

  slice(bytes: number, delayMs = 0, direction?: Direction): void {
    this.change(slicing(bytes, delayMs), direction);
  }

  cutAfter(bytes: number, direction: Direction, receiverSees: 'reset' | 'end' = 'reset'): void {
    this.armCut({ afterBytes: bytes, receiverSees, done: false }, direction);
  }

  /** Takes part in a cut that other links may get to first. */
  armCut(order: Cut, direction: Direction): void {
    this.#pipes[direction].cutAfter(order);
  }

  /** Sets conditions of one direction or both. */
  change(conditions: Partial<Conditions>, direction?: Direction): void {
    if (direction !== 'downstream') this.#pipes.upstream.change(conditions);
    if (direction !== 'upstream') this.#pipes.downstream.change(conditions);
  }

  /** Drops both sockets without ceremony; `closed` resolves soon after, in every state. */
  destroy(): void {
    this.#client.destroy();
    this.#broker.destroy();
  }
}

async function bothClosed(...sockets: readonly Socket[]): Promise<void> {
  await Promise.all(sockets.map((socket) => new Promise<void>((resolve) => socket.once('close', () => resolve()))));
}
