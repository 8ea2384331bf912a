/** What a {@link Coalescer} does with its batches. */
export interface CoalescerParts<Item, Waiter, Result> {
  /** Carries out one batch; the next one starts when the promise settles. */
  run(items: readonly Item[]): Promise<Result>;
  /** Tells the waiters of a batch, which stand in the order of its items. */
  done(waiters: readonly Waiter[], result: Result, items: readonly Item[]): void;
  failed(waiters: readonly Waiter[], error: unknown): void;
}

/** What {@link Coalescer.abandon} found. */
export interface Abandoned<Waiter> {
  /** Of the call in flight: nobody knows what became of it. */
  readonly sent: readonly Waiter[];
  readonly unsent: readonly Waiter[];
}

const maxBatch = 1000;

/**
 * Gathers single operations into batches: those of one turn of the microtask queue go together, and while one call is in
 * flight, the next batch gathers. So order is kept, and a store that answers slowly gets larger batches.
 *
 * Waiters are called synchronously and are not promises: whoever wants a promise makes one, and nobody pays for a second.
 */
export class Coalescer<Item, Waiter, Result> {
  readonly #parts: CoalescerParts<Item, Waiter, Result>;
  #items: Item[] = [];
  #waiters: Waiter[] = [];
  #inFlight: readonly Waiter[] | undefined;
  #scheduled = false;
  #onIdle: (() => void)[] = [];

  constructor(parts: CoalescerParts<Item, Waiter, Result>) {
    this.#parts = parts;
  }

  /** True when nothing waits and nothing is under way. */
  get idle(): boolean {
    return this.#inFlight === undefined && this.#items.length === 0;
  }

  /** Resolves when everything that was added is done, or abandoned. */
  whenIdle(): Promise<void> {
    if (this.idle) return Promise.resolve();
    return new Promise((resolve) => this.#onIdle.push(resolve));
  }

  add(item: Item, waiter: Waiter): void {
    this.#items.push(item);
    this.#waiters.push(waiter);
    if (this.#scheduled || this.#inFlight) return;
    this.#scheduled = true;
    queueMicrotask(this.#start);
  }

  /** Forgets everything and hands out all waiters; the answer of a call in flight is ignored when it comes. */
  abandon(): Abandoned<Waiter> {
    const abandoned = { sent: this.#inFlight ?? [], unsent: this.#waiters };
    this.#items = [];
    this.#waiters = [];
    this.#inFlight = undefined;
    this.#tellIdle();
    return abandoned;
  }

  readonly #start = (): void => {
    this.#scheduled = false;
    if (this.#inFlight) return;
    if (this.#items.length === 0) return this.#tellIdle();
    const [items, waiters] = this.#takeBatch();
    this.#inFlight = waiters;
    this.#parts.run(items).then(
      (result) => {
        if (this.#inFlight !== waiters) return;
        this.#inFlight = undefined;
        this.#parts.done(waiters, result, items);
        this.#start();
      },
      (error: unknown) => {
        if (this.#inFlight !== waiters) return;
        this.#inFlight = undefined;
        this.#parts.failed(waiters, error);
        this.#start();
      },
    );
  };

  #tellIdle(): void {
    if (this.#onIdle.length === 0) return;
    for (const resolve of this.#onIdle) resolve();
    this.#onIdle = [];
  }

  #takeBatch(): [Item[], Waiter[]] {
    if (this.#items.length > maxBatch) return [this.#items.splice(0, maxBatch), this.#waiters.splice(0, maxBatch)];
    const batch: [Item[], Waiter[]] = [this.#items, this.#waiters];
    this.#items = [];
    this.#waiters = [];
    return batch;
  }
}
