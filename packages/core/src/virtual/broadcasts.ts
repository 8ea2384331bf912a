import type { KombuError } from '../errors.ts';
import type { BroadcastMessage } from '../spi/queue-store.ts';
import { Coalescer } from './coalescer.ts';
import type { VirtualLink } from './link.ts';
import { notSentError, publishError, uncertainError } from './store-error.ts';

/** Waits for one message to be sent to the listeners of its exchange. */
export interface BroadcastWaiter {
  /** @param listeners how many it reached; undefined when nobody knows. */
  broadcast(listeners: number | undefined): void;
  failed(error: KombuError): void;
}

type Batches = Coalescer<BroadcastMessage, BroadcastWaiter, void | readonly number[]>;

/** The calls of `QueueStore.broadcast`, batched per exchange. */
export class Broadcasts {
  readonly #link: VirtualLink;
  readonly #exchanges = new Map<string, Batches>();

  constructor(link: VirtualLink) {
    this.#link = link;
  }

  add(exchange: string, message: BroadcastMessage, waiter: BroadcastWaiter): void {
    const { over } = this.#link;
    if (over) waiter.failed(notSentError(over));
    else this.#of(exchange).add(message, waiter);
  }

  /** Resolves when all that is under way now is done. */
  async whenIdle(): Promise<void> {
    await Promise.all(Array.from(this.#exchanges.values(), (batches) => batches.whenIdle()));
  }

  /** Settles everything that waits: the link is gone. */
  abandon(reason: KombuError): void {
    for (const batches of this.#exchanges.values()) {
      const { sent, unsent } = batches.abandon();
      for (const waiter of sent) waiter.failed(uncertainError(reason));
      for (const waiter of unsent) waiter.failed(notSentError(reason));
    }
    this.#exchanges.clear();
  }

  #of(exchange: string): Batches {
    const known = this.#exchanges.get(exchange);
    if (known) return known;
    const link = this.#link;
    const doing = `Broadcasting to the exchange ${JSON.stringify(exchange)}`;
    const batches: Batches = new Coalescer({
      run: (messages) => link.timed(doing, async () => link.store.broadcast?.(exchange, messages)),
      done: (waiters, listeners) => {
        if (batches.idle) this.#exchanges.delete(exchange);
        waiters.forEach((waiter, index) => waiter.broadcast(listeners?.[index]));
      },
      failed: (waiters, cause) => {
        if (batches.idle) this.#exchanges.delete(exchange);
        const error = publishError(link.explain(cause, doing));
        for (const waiter of waiters) waiter.failed(error);
      },
    });
    this.#exchanges.set(exchange, batches);
    return batches;
  }
}
