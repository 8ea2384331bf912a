import type { Logger, SettleOutcome, StoredMessage } from '@kombu/core/spi';
import type { Claim } from './claims.ts';

/** A message that this process alone has. */
interface HeldMessage {
  readonly payload: string;
  readonly number: number;
  readonly deliveryCount: number;
}

interface InboxQueue {
  readonly ready: HeldMessage[];
  readonly taken: Map<Claim, HeldMessage>;
}

/** More messages than this are not kept for a queue whose consumer is slow: the oldest go. */
const maxReady = 10_000;

/** The messages of ephemeral queues: they came by PUB/SUB, live in this process, and go with it. Their receipts are negative. */
export class Inbox {
  readonly #logger: Logger;
  readonly #queues = new Map<string, InboxQueue>();
  #count = 0;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  static holds(receipt: Claim): boolean {
    return receipt < 0;
  }

  add(queue: string, payload: string): void {
    const { ready } = this.#of(queue);
    this.#count += 1;
    ready.push({ payload, number: this.#count, deliveryCount: 0 });
    if (ready.length <= maxReady) return;
    ready.splice(0, maxReady / 10);
    this.#logger.warn(
      `The consumer of the queue ${JSON.stringify(queue)} is too slow for what is broadcast: ${maxReady / 10} messages are dropped`,
    );
  }

  size(queue: string): number {
    return this.#queues.get(queue)?.ready.length ?? 0;
  }

  take(name: string, max: number, noAck: boolean): StoredMessage<Claim>[] {
    const queue = this.#queues.get(name);
    if (!queue) return [];
    return queue.ready.splice(0, max).map((message) => {
      const { payload, number, deliveryCount } = message;
      const receipt = -number;
      if (!noAck) queue.taken.set(receipt, message);
      const counted = deliveryCount > 0 ? { redelivered: true, deliveryCount } : {};
      return { payload, receipt: (noAck ? undefined : receipt) as Claim, ...counted };
    });
  }

  ack(name: string, receipt: Claim): SettleOutcome {
    return this.#queues.get(name)?.taken.delete(receipt) ? 'ok' : 'lease-lost';
  }

  isTaken(name: string, receipt: Claim): SettleOutcome {
    return this.#queues.get(name)?.taken.has(receipt) ? 'ok' : 'lease-lost';
  }

  /** Back to where it was. */
  release(name: string, receipt: Claim): SettleOutcome {
    const queue = this.#queues.get(name);
    const message = queue?.taken.get(receipt);
    if (!queue || !message) return 'lease-lost';
    queue.taken.delete(receipt);
    const place = queue.ready.findIndex(({ number }) => number > message.number);
    const again = { ...message, deliveryCount: message.deliveryCount + 1 };
    queue.ready.splice(place === -1 ? queue.ready.length : place, 0, again);
    return 'ok';
  }

  purge(name: string): number {
    return this.#queues.get(name)?.ready.splice(0).length ?? 0;
  }

  forget(name: string): void {
    this.#queues.delete(name);
  }

  #of(name: string): InboxQueue {
    let queue = this.#queues.get(name);
    if (!queue) {
      queue = { ready: [], taken: new Map() };
      this.#queues.set(name, queue);
    }
    return queue;
  }
}
