/** The largest prefetch count that AMQP 0-9-1 can say. */
const largestCount = 65_535;

export interface QosCounterOptions {
  /** The count to start with; 0: no limit, and it stays so. */
  readonly initialValue: number;
  /** Never above this. */
  readonly maxPrefetch?: number | undefined;
}

/**
 * A prefetch count that several parts of a program move up and down, and that is sent when it changed. As
 * `kombu.common.QoS`.
 */
export class QosCounter {
  readonly #apply: (prefetchCount: number) => Promise<void>;
  readonly #maxPrefetch: number;
  #value: number;
  #applied: number | undefined;

  /** @param apply - Sends the count, such as `(prefetchCount) => consumer.qos({ prefetchCount })`. */
  constructor(apply: (prefetchCount: number) => Promise<void>, { initialValue, maxPrefetch }: QosCounterOptions) {
    this.#apply = apply;
    this.#maxPrefetch = maxPrefetch ?? Infinity;
    this.#value = initialValue;
  }

  get value(): number {
    return this.#value;
  }

  /** Adds `n`, up to `maxPrefetch`, for the next `update`. Without a limit nothing changes. */
  incrementEventually(n = 1): number {
    if (this.#value > 0) this.#value = Math.max(this.#value, Math.min(this.#value + n, this.#maxPrefetch));
    return this.#value;
  }

  /** Takes `n` away, down to 1, for the next `update`. Without a limit nothing changes. */
  decrementEventually(n = 1): number {
    if (this.#value > 0) this.#value = Math.max(1, this.#value - n);
    return this.#value;
  }

  /** Sends this count unless it was sent last. What AMQP cannot say goes as "no limit". */
  async set(prefetchCount: number): Promise<number> {
    if (prefetchCount === this.#applied) return prefetchCount;
    await this.#apply(prefetchCount > largestCount ? 0 : prefetchCount);
    this.#applied = prefetchCount;
    return prefetchCount;
  }

  /** Sends the count if it changed. */
  update(): Promise<number> {
    return this.set(this.#value);
  }
}
