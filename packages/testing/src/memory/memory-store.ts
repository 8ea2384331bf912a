import type { GetOptions, OutgoingMessage, QueueDeclaration, QueueStore, SettleOutcome } from '@kombu/core/spi';
import { ConnectionError } from '@kombu/core/spi';
import type { MemoryBroker } from './memory-broker.ts';
import type { MemoryMessage, MemoryReceipt } from './memory-queue.ts';

/** One connection to a {@link MemoryBroker}. */
export class MemoryStore implements QueueStore<MemoryReceipt> {
  readonly closed: Promise<Error | undefined>;
  declare readonly leaseMs?: number;
  readonly #broker: MemoryBroker;
  #resolveClosed!: (error: Error | undefined) => void;
  #down: Error | undefined;

  constructor(broker: MemoryBroker) {
    this.#broker = broker;
    if (broker.leaseMs !== Infinity) this.leaseMs = broker.leaseMs;
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
  }

  async put(queue: string, messages: readonly OutgoingMessage[]): Promise<void> {
    this.#assertUp();
    this.#broker.queueFor(queue).put(messages);
  }

  async get(queue: string, options: GetOptions): Promise<readonly MemoryMessage[]> {
    this.#assertUp();
    const messages = (await this.#broker.queue(queue)?.get(options, this)) ?? [];
    // What came over a link that broke meanwhile came never; it is ready again when its lease ends.
    this.#assertUp();
    return messages;
  }

  async ack(queue: string, receipts: readonly MemoryReceipt[]): Promise<readonly SettleOutcome[]> {
    this.#assertUp();
    return this.#broker.queue(queue)?.ack(receipts) ?? allLost(receipts);
  }

  async release(
    queue: string,
    receipts: readonly MemoryReceipt[],
    { delayMs }: { readonly delayMs: number },
  ): Promise<readonly SettleOutcome[]> {
    this.#assertUp();
    return this.#broker.queue(queue)?.release(receipts, delayMs) ?? allLost(receipts);
  }

  async renew(queue: string, receipts: readonly MemoryReceipt[]): Promise<readonly SettleOutcome[]> {
    this.#assertUp();
    return this.#broker.queue(queue)?.renew(receipts) ?? allLost(receipts);
  }

  async declare({ name }: QueueDeclaration): Promise<void> {
    this.#assertUp();
    this.#broker.queueFor(name);
  }

  async exists(queue: string): Promise<boolean> {
    this.#assertUp();
    return this.#broker.queue(queue) !== undefined;
  }

  async size(queue: string): Promise<number> {
    this.#assertUp();
    return this.#broker.queue(queue)?.size ?? 0;
  }

  async purge(queue: string): Promise<number> {
    this.#assertUp();
    return this.#broker.queue(queue)?.purge() ?? 0;
  }

  async delete(queue: string): Promise<void> {
    this.#assertUp();
    this.#broker.deleteQueue(queue);
  }

  /** What was taken over this connection and not settled is ready again at once. */
  async close(): Promise<void> {
    if (this.#down) return;
    this.#down = new ConnectionError('The connection to the memory broker was closed', { code: 'CLOSED' });
    this.#broker.left(this, true);
    this.#resolveClosed(undefined);
  }

  /** The link breaks: what was taken over it is ready again when its lease ends. */
  cut(reason: Error): void {
    if (this.#down) return;
    this.#down = reason;
    this.#broker.left(this, false);
    this.#resolveClosed(reason);
  }

  unwrap(): MemoryBroker {
    return this.#broker;
  }

  #assertUp(): void {
    if (this.#down) throw this.#down;
  }
}

function allLost(receipts: readonly unknown[]): SettleOutcome[] {
  return receipts.map(() => 'lease-lost');
}
