import type { Clock, ClockTimer } from '@kombu/core/spi';

/** One reader that looks at a queue and, if there is nothing, waits. */
export class QueueWait {
  #woken = false;
  #resume: (() => void) | undefined;

  wake(): void {
    this.#woken = true;
    this.#resume?.();
  }

  /** Until somebody wakes it, or for `ms` milliseconds; not at all when it was woken since the last time. */
  async rest(ms: number, clock: Clock): Promise<void> {
    if (!this.#woken) {
      let timer: ClockTimer | undefined;
      await new Promise<void>((resolve) => {
        this.#resume = resolve;
        timer = clock.setTimeout(resolve, ms);
      });
      if (timer) clock.clearTimeout(timer);
    }
    this.#resume = undefined;
    this.#woken = false;
  }
}

/** Who waits for which queue. */
export class QueueWaits {
  readonly #waits = new Map<string, Set<QueueWait>>();

  /** Where somebody waits. */
  get queues(): readonly string[] {
    return [...this.#waits.keys()];
  }

  /** Runs with a wait for the queue that is woken by {@link wake}, and by the signal. */
  async during<T>(queue: string, signal: AbortSignal, run: (wait: QueueWait) => Promise<T>): Promise<T> {
    const wait = new QueueWait();
    const onAbort = (): void => wait.wake();
    const waits = this.#waits.get(queue) ?? new Set();
    this.#waits.set(queue, waits.add(wait));
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await run(wait);
    } finally {
      signal.removeEventListener('abort', onAbort);
      waits.delete(wait);
      if (waits.size === 0 && this.#waits.get(queue) === waits) this.#waits.delete(queue);
    }
  }

  /** The queue may have a message. */
  wake(queue: string): void {
    for (const wait of this.#waits.get(queue) ?? []) wait.wake();
  }

  wakeAll(): void {
    for (const waits of this.#waits.values()) for (const wait of waits) wait.wake();
  }
}
