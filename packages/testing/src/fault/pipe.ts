import { clearImmediate, setImmediate } from 'node:timers';
import type { Socket } from 'node:net';

import type { Clock, ClockTimer } from '@kombu/core/spi';
import { InvalidArgumentError } from '@kombu/core/spi';

/** What happens to the bytes of one direction. */
export interface Conditions {
  /**
   * `blackhole`: bytes and ends are taken and kept, nothing passes. `stalled`: nothing is even read, so that the sender's
   * buffers fill.
   */
  readonly passage: 'open' | 'blackhole' | 'stalled';
  /** Milliseconds that each byte is on its way. */
  readonly delayMs: number;
  /** The most bytes that travel in one piece. */
  readonly sliceBytes: number;
  /** Milliseconds between two pieces. */
  readonly sliceDelayMs: number;
}

/** Nothing is wrong. */
export const healthy: Conditions = { passage: 'open', delayMs: 0, sliceBytes: Infinity, sliceDelayMs: 0 };

/** Bytes in pieces. Throws `INVALID_ARGUMENT` for pieces of less than one byte. */
export function slicing(bytes: number, delayMs: number): Partial<Conditions> {
  if (!(bytes >= 1)) throw new InvalidArgumentError(`A slice has at least 1 byte, not ${bytes}`);
  return { sliceBytes: Math.trunc(bytes), sliceDelayMs: delayMs };
}

/** One cut, shared by all pipes that may trigger it: the first to get there is cut, and then it is done. */
export interface Cut {
  readonly afterBytes: number;
  readonly receiverSees: 'reset' | 'end';
  done: boolean;
}

type Ending = 'none' | 'end' | 'reset';

interface Chunk {
  data: Buffer;
  readonly arrivedAt: number;
}

/** What a pipe keeps before it stops reading, as a TCP window would: 1 MiB. */
const window = 1024 * 1024;

/** Ends a socket with RST, or the nearest thing to it that its kind has. */
export function resetSocket(socket: Socket): void {
  // Only a TCP socket that is connected and has not sent FIN can send RST; Node leaks the others when asked to.
  const can = !socket.connecting && !socket.writableEnded && !socket.destroyed && socket.remoteAddress !== undefined;
  if (can) socket.resetAndDestroy();
  else socket.destroy();
}

/** Carries the bytes of one direction from `source` to `sink`, under conditions that may change at any time. */
export class Pipe {
  readonly #source: Socket;
  readonly #sink: Socket;
  readonly #clock: Clock;
  readonly #queue: Chunk[] = [];
  #conditions: Conditions = healthy;
  #kept = 0;
  #passed = 0;
  #cut: { readonly order: Cut; readonly at: number } | undefined;
  /** How the source ended; the sink is told after the last byte. */
  #ending: Ending = 'none';
  #told: Ending = 'none';
  /** What arrives is thrown away: this direction is over. */
  #deaf = false;
  #choked = false;
  #cancelWake: (() => void) | undefined;

  constructor(source: Socket, sink: Socket, clock: Clock) {
    this.#source = source;
    this.#sink = sink;
    this.#clock = clock;
    source.on('data', (data: Buffer) => this.#take(data));
    source.on('end', () => this.#end('end'));
    source.on('error', () => this.#end('reset'));
    sink.on('drain', () => {
      this.#choked = false;
      this.#pump();
    });
    sink.on('close', () => {
      this.#dropAll();
      this.#pump();
    });
  }

  /** Bytes handed on so far. */
  get bytes(): number {
    return this.#passed;
  }

  change(conditions: Partial<Conditions>): void {
    this.#conditions = { ...this.#conditions, ...conditions };
    this.#cancelSleep();
    this.#pump();
  }

  cutAfter(order: Cut): void {
    this.#cut = { order, at: this.#passed + order.afterBytes };
  }

  /** Sends FIN after the bytes that are on their way; whatever comes later is thrown away. */
  finish(): void {
    this.#deaf = true;
    this.#end('end');
  }

  #take(data: Buffer): void {
    if (this.#deaf) return;
    this.#queue.push({ data, arrivedAt: this.#clock.now() });
    this.#kept += data.length;
    this.#pump();
  }

  #end(how: 'end' | 'reset'): void {
    if (this.#ending !== 'reset') this.#ending = how;
    this.#pump();
  }

  #pump(): void {
    this.#regulate();
    if (this.#conditions.passage !== 'open' || this.#cancelWake !== undefined) return;
    for (let head = this.#queue[0]; head !== undefined; head = this.#queue[0]) {
      if (this.#choked) return;
      const wait = head.arrivedAt + this.#conditions.delayMs - this.#clock.now();
      if (wait > 0 && this.#conditions.delayMs > 0) return this.#sleep(wait);
      this.#forward(this.#nextPiece(head));
      if (this.#queue.length > 0 && this.#conditions.sliceBytes !== Infinity) {
        return this.#sleep(this.#conditions.sliceDelayMs);
      }
    }
    this.#regulate();
    this.#tellEnding();
  }

  #regulate(): void {
    const reads = this.#conditions.passage !== 'stalled' && (this.#kept < window || this.#deaf);
    if (reads) this.#source.resume();
    else this.#source.pause();
  }

  #nextPiece(head: Chunk): Buffer {
    const piece = head.data.subarray(0, this.#conditions.sliceBytes);
    if (piece.length === head.data.length) this.#queue.shift();
    else head.data = head.data.subarray(piece.length);
    this.#kept -= piece.length;
    return piece;
  }

  #forward(piece: Buffer): void {
    const cut = this.#cut;
    if (cut !== undefined && !cut.order.done && this.#passed + piece.length >= cut.at) {
      cut.order.done = true;
      return this.#sendLast(piece.subarray(0, cut.at - this.#passed), cut.order.receiverSees);
    }
    if (!this.#sink.writable) return;
    this.#passed += piece.length;
    this.#choked = !this.#sink.write(piece);
  }

  #sendLast(piece: Buffer, receiverSees: 'reset' | 'end'): void {
    this.#dropAll();
    this.#passed += piece.length;
    resetSocket(this.#source);
    if (receiverSees === 'end') this.#sink.end(piece);
    else this.#sink.write(piece, () => afterTurns(3, () => resetSocket(this.#sink)));
  }

  #tellEnding(): void {
    if (this.#told === this.#ending) return;
    this.#told = this.#ending;
    if (this.#sink.destroyed) this.#source.destroy();
    else if (this.#ending === 'reset') resetSocket(this.#sink);
    else this.#sink.end();
  }

  #dropAll(): void {
    this.#queue.length = 0;
    this.#kept = 0;
    this.#choked = false;
    this.#deaf = true;
    this.#cancelSleep();
  }

  #sleep(ms: number): void {
    const wake = (): void => {
      this.#cancelWake = undefined;
      this.#pump();
    };
    if (ms <= 0) {
      const immediate = setImmediate(wake);
      this.#cancelWake = () => clearImmediate(immediate);
    } else {
      const timer: ClockTimer = this.#clock.setTimeout(wake, ms);
      this.#cancelWake = () => this.#clock.clearTimeout(timer);
    }
  }

  #cancelSleep(): void {
    this.#cancelWake?.();
    this.#cancelWake = undefined;
  }
}

/** Gives the peer the turns to read what it was sent: bytes and RST seen at once look like a plain end to libuv. */
function afterTurns(count: number, action: () => void): void {
  if (count === 0) action();
  else setImmediate(() => afterTurns(count - 1, action));
}
