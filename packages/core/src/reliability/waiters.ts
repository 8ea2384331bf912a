import type { Clock } from '../clock.ts';
import type { WaitOptions } from './deadline.ts';
import { bounded } from './deadline.ts';

interface Waiter<T> {
  resolve(value: T): void;
  reject(error: Error): void;
}

/** Callers that wait for the same event, each within bounds of its own. Who gives up is forgotten. */
export class Waiters<T = void> {
  readonly #waiters = new Set<Waiter<T>>();

  get size(): number {
    return this.#waiters.size;
  }

  /** Resolves at the next `wake`. Rejects as {@link bounded} does, or as `fail` says. */
  async wait(wait: WaitOptions, clock: Clock, doing: string, why?: () => Error | undefined): Promise<T> {
    let waiter!: Waiter<T>;
    const event = new Promise<T>((resolve, reject) => {
      waiter = { resolve, reject };
    });
    this.#waiters.add(waiter);
    try {
      return await bounded(event, wait, clock, doing, why);
    } finally {
      this.#waiters.delete(waiter);
    }
  }

  wake(value: T): void {
    for (const waiter of this.#waiters) waiter.resolve(value);
    this.#waiters.clear();
  }

  fail(error: Error): void {
    for (const waiter of this.#waiters) waiter.reject(error);
    this.#waiters.clear();
  }
}
