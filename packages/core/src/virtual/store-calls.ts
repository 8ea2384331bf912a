import type { KombuError } from '../errors.ts';
import type { SettleOutcome } from '../spi/envelope.ts';
import type { OutgoingMessage, PutFailure } from '../spi/queue-store.ts';
import { Broadcasts } from './broadcasts.ts';
import { Coalescer } from './coalescer.ts';
import type { VirtualLink } from './link.ts';
import { breaksLink, notSentError, publishError, uncertainError } from './store-error.ts';

/** Waits for one message to be in its queue. */
export interface PutWaiter {
  stored(): void;
  failed(error: KombuError): void;
}

interface SettleWaiter {
  resolve(outcome: SettleOutcome): void;
  reject(error: KombuError): void;
}

interface Release {
  readonly receipt: unknown;
  readonly delayMs: number;
}

type Puts = Coalescer<OutgoingMessage, PutWaiter, void | readonly PutFailure[]>;
type Settles<Item> = Coalescer<Item, SettleWaiter, void | readonly SettleOutcome[]>;

interface QueueCalls {
  readonly puts: Puts;
  readonly acks: Settles<unknown>;
  readonly releases: Settles<Release>;
  /** Puts of what was in the queue before; made on first use, for stores without `release`. */
  returns: Puts | undefined;
}

/** How `put` is carried out; stands between the coalescer and the store to enforce the limits of the queue. */
export type PutBatch = (queue: string, messages: readonly OutgoingMessage[]) => Promise<void | readonly PutFailure[]>;

const nobody = { sent: [], unsent: [] };
const lost: Promise<SettleOutcome> = Promise.resolve('lease-lost');

/** More queues than this are not remembered once nothing is under way there. */
const rememberedQueues = 1000;

/** The calls that move messages, batched per queue. */
export class StoreCalls {
  readonly broadcasts: Broadcasts;
  readonly #link: VirtualLink;
  readonly #putBatch: PutBatch;
  readonly #queues = new Map<string, QueueCalls>();
  #sweepAt = rememberedQueues;

  constructor(link: VirtualLink, putBatch: PutBatch) {
    this.#link = link;
    this.#putBatch = putBatch;
    this.broadcasts = new Broadcasts(link);
  }

  /** Resolves when all that is under way now is done. */
  async whenIdle(): Promise<void> {
    const calls = Array.from(this.#queues.values(), coalescersOf);
    await Promise.all([this.broadcasts, ...calls.flat()].map((each) => each.whenIdle()));
  }

  put(queue: string, message: OutgoingMessage, waiter: PutWaiter): void {
    const { over } = this.#link;
    if (over) waiter.failed(notSentError(over));
    else this.#of(queue).puts.add(message, waiter);
  }

  /** For a message that was in the queue before: the queue's limits do not count for it. */
  putBack(queue: string, message: OutgoingMessage, waiter: PutWaiter): void {
    const { over, store } = this.#link;
    if (over) return waiter.failed(notSentError(over));
    const calls = this.#of(queue);
    calls.returns ??= this.#puts(queue, (messages) => store.put(queue, messages));
    calls.returns.add(message, waiter);
  }

  ack(queue: string, receipt: unknown): Promise<SettleOutcome> {
    if (this.#link.over) return lost;
    return new Promise((resolve, reject) => {
      this.#of(queue).acks.add(receipt, { resolve, reject });
    });
  }

  /** Only for stores with `release`. */
  release(queue: string, receipt: unknown, delayMs: number): Promise<SettleOutcome> {
    if (this.#link.over) return lost;
    return new Promise((resolve, reject) => {
      this.#of(queue).releases.add({ receipt, delayMs }, { resolve, reject });
    });
  }

  /** Settles everything that waits: the link is gone. */
  abandon(reason: KombuError): void {
    this.broadcasts.abandon(reason);
    for (const { puts, returns, acks, releases } of this.#queues.values()) {
      for (const { sent, unsent } of [puts.abandon(), returns?.abandon() ?? nobody]) {
        for (const waiter of sent) waiter.failed(uncertainError(reason));
        for (const waiter of unsent) waiter.failed(notSentError(reason));
      }
      for (const { sent: late, unsent: never } of [acks.abandon(), releases.abandon()]) {
        for (const waiter of [...late, ...never]) waiter.resolve('lease-lost');
      }
    }
    this.#queues.clear();
  }

  #of(queue: string): QueueCalls {
    const known = this.#queues.get(queue);
    if (known) return known;
    if (this.#queues.size >= this.#sweepAt) this.#sweep();
    const calls = {
      puts: this.#puts(queue, (messages) => this.#putBatch(queue, messages)),
      acks: this.#acks(queue),
      releases: this.#releases(queue),
      returns: undefined,
    };
    this.#queues.set(queue, calls);
    return calls;
  }

  /** Reply queues have a new name each time; their calls must not pile up. */
  #sweep(): void {
    for (const [name, calls] of this.#queues) if (isIdle(calls)) this.#queues.delete(name);
    this.#sweepAt = Math.max(rememberedQueues, 2 * this.#queues.size);
  }

  #puts(queue: string, put: (messages: readonly OutgoingMessage[]) => ReturnType<PutBatch>): Puts {
    const link = this.#link;
    const doing = `Publishing to the queue ${JSON.stringify(queue)}`;
    return new Coalescer({
      run: (messages) => link.timed(doing, () => put(messages)),
      done: (waiters, failures) => {
        const failed = new Map(failures?.map(({ index, error }) => [index, error]));
        waiters.forEach((waiter, index) => {
          if (failed.size > 0 && failed.has(index)) waiter.failed(publishError(link.explain(failed.get(index), doing)));
          else waiter.stored();
        });
      },
      failed: (waiters, cause) => {
        const error = publishError(link.explain(cause, doing));
        for (const waiter of waiters) waiter.failed(error);
      },
    });
  }

  #acks(queue: string): Settles<unknown> {
    const doing = `Acknowledging messages of the queue ${JSON.stringify(queue)}`;
    return this.#settles(doing, (receipts) => this.#link.store.ack(queue, receipts));
  }

  #releases(queue: string): Settles<Release> {
    const doing = `Giving messages back to the queue ${JSON.stringify(queue)}`;
    return this.#settles(doing, (releases) => this.#releaseBatch(queue, releases));
  }

  #settles<Item>(
    doing: string,
    run: (items: readonly Item[]) => Promise<void | readonly SettleOutcome[]>,
  ): Settles<Item> {
    const link = this.#link;
    return new Coalescer({
      run: (items) => link.timed(doing, () => run(items)),
      done: (waiters, outcomes) => {
        waiters.forEach((waiter, index) => waiter.resolve(outcomes?.[index] ?? 'ok'));
      },
      failed: (waiters, cause) => {
        const error = link.explain(cause, doing);
        for (const waiter of waiters) {
          if (breaksLink(error)) waiter.resolve('lease-lost');
          else waiter.reject(error);
        }
      },
    });
  }

  /** One call for each run of equal delays, in order. */
  async #releaseBatch(queue: string, releases: readonly Release[]): Promise<readonly SettleOutcome[]> {
    const outcomes: SettleOutcome[] = [];
    for (let start = 0; start < releases.length;) {
      const delayMs = releases[start]?.delayMs ?? 0;
      let end = start + 1;
      while (end < releases.length && releases[end]?.delayMs === delayMs) end += 1;
      const receipts = releases.slice(start, end).map(({ receipt }) => receipt);
      const settled = await this.#link.store.release?.(queue, receipts, { delayMs });
      for (let index = 0; index < receipts.length; index++) outcomes.push(settled?.[index] ?? 'ok');
      start = end;
    }
    return outcomes;
  }
}

function coalescersOf({ puts, acks, releases, returns }: QueueCalls) {
  return [puts, acks, releases, ...(returns ? [returns] : [])];
}

function isIdle(calls: QueueCalls): boolean {
  return coalescersOf(calls).every((each) => each.idle);
}
