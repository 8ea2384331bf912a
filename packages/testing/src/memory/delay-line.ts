import type { Clock } from '@kombu/core/spi';
import { Alarm } from './alarm.ts';

interface Delayed<T> {
  readonly item: T;
  readonly due: number;
}

/** Holds items until their time comes, and hands them out in the order of their times. */
export class DelayLine<T> {
  readonly #clock: Clock;
  readonly #release: (items: readonly T[]) => void;
  readonly #alarm: Alarm;
  /** Sorted, the first due first. */
  #items: Delayed<T>[] = [];

  constructor(clock: Clock, release: (items: readonly T[]) => void) {
    this.#clock = clock;
    this.#release = release;
    this.#alarm = new Alarm(clock, () => this.#ring());
  }

  get length(): number {
    return this.#items.length;
  }

  add(item: T, delayMs: number): void {
    const due = this.#clock.now() + delayMs;
    const index = this.#position(due);
    this.#items.splice(index, 0, { item, due });
    if (index === 0) this.#alarm.set(due);
  }

  clear(): void {
    this.#items = [];
    this.#alarm.clear();
  }

  #ring(): void {
    const due = this.#items.splice(0, this.#position(this.#clock.now()));
    const [next] = this.#items;
    if (next) this.#alarm.set(next.due);
    this.#release(due.map(({ item }) => item));
  }

  /** Behind all that are due at this time or before. */
  #position(due: number): number {
    let low = 0;
    let high = this.#items.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#items[middle]?.due ?? Infinity) <= due) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
