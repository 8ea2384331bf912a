import type { Clock } from '../clock.ts';
import type { WaitOptions } from './deadline.ts';
import { bounded } from './deadline.ts';

interface Waiter {
  resolve(): void;
  reject(error: Error): void;
}

/** Callers that wait for the same event, each within bounds of its own. Who gives up is forgotten. */
export class Waiters {
  readonly #waiters = new Set<Waiter>();

  get size(): number {
    return this.#waiters.size;
  }

  /** Resolves at the next `wake`. Rejects as {@link bounded} does, or as `fail` says. */
  async wait(wait: WaitOptions, clock: Clock, doing: string): Promise<void> {
    let waiter!: Waiter;
    const event = new Promise<void>((resolve, reject) => {
      waiter = { resolve, reject };
    });
    this.#waiters.add(waiter);
    try {
      await bounded(event, wait, clock, doing);
    } finally {
      this.#waiters.delete(waiter);
    }
  }

  wake(): void {
    for (const waiter of this.#waiters) waiter.resolve();
    this.#waiters.clear();
  }

  fail(error: Error): void {
    for (const waiter of this.#waiters) waiter.reject(error);
    this.#waiters.clear();
  }
}
