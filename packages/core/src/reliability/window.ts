import type { Clock } from '../clock.ts';
import type { WaitOptions } from './deadline.ts';
import { bounded } from './deadline.ts';

interface Waiter {
  readonly bytes: number;
  readonly enter: () => void;
}

/**
 * Bounds what is in flight, in messages and in bytes. Who wants in waits in line; nothing is buffered beyond the waiters
 * themselves. A message larger than the whole window passes alone.
 */
export class Window {
  readonly #maxMessages: number;
  readonly #maxBytes: number;
  readonly #waiters = new Set<Waiter>();
  #idle: (() => void)[] = [];
  #messages = 0;
  #bytes = 0;

  constructor(maxMessages: number, maxBytes: number) {
    this.#maxMessages = maxMessages;
    this.#maxBytes = maxBytes;
  }

  /** Messages in flight. */
  get messages(): number {
    return this.#messages;
  }

  /** Who wants in. */
  get waiting(): number {
    return this.#waiters.size;
  }

  /** Enters if there is room and nobody waits. */
  tryEnter(bytes: number): boolean {
    if (this.#waiters.size > 0 || !this.#fits(bytes)) return false;
    this.#take(bytes);
    return true;
  }

  /** Enters when it is this caller's turn; rejects with TimeoutError or AbortedError and then takes no room. */
  async enter(
    bytes: number,
    wait: WaitOptions,
    clock: Clock,
    doing: string,
    why?: () => Error | undefined,
  ): Promise<void> {
    if (this.tryEnter(bytes)) return;
    let waiter: Waiter | undefined;
    const turn = new Promise<void>((resolve) => {
      waiter = { bytes, enter: resolve };
      this.#waiters.add(waiter);
    });
    try {
      await bounded(turn, wait, clock, doing, why);
    } catch (error) {
      // Given up in line, or given a place in the same moment: that place goes on to the next.
      if (!this.#waiters.delete(waiter as Waiter)) this.leave(bytes);
      else this.#admit();
      throw error;
    }
  }

  leave(bytes: number): void {
    this.#messages -= 1;
    this.#bytes -= bytes;
    if (this.#waiters.size > 0) this.#admit();
    if (this.#messages === 0 && this.#idle.length > 0 && this.#waiters.size === 0) {
      for (const resolve of this.#idle.splice(0)) resolve();
    }
  }

  /** Resolves when nothing is in flight and nobody waits. */
  idle(): Promise<void> {
    if (this.#messages === 0 && this.#waiters.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  #fits(bytes: number): boolean {
    return this.#messages === 0 || (this.#messages < this.#maxMessages && this.#bytes + bytes <= this.#maxBytes);
  }

  #take(bytes: number): void {
    this.#messages += 1;
    this.#bytes += bytes;
  }

  #admit(): void {
    for (const waiter of this.#waiters) {
      if (!this.#fits(waiter.bytes)) return;
      this.#waiters.delete(waiter);
      this.#take(waiter.bytes);
      waiter.enter();
    }
  }
}
