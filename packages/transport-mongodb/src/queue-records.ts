import type { QueueDeclaration } from '@kombu/core/spi';
import type { Collections } from './documents.ts';
import type { ServerClock } from './server-clock.ts';

/** How often the end of a queue that is read is put off at most, in milliseconds. */
const touchMs = 1000;

/** The queues with their arguments, which Kombu keeps for the sake of what expires; only with the option `ttl`. */
export class QueueRecords {
  readonly #collections: Collections;
  readonly #clock: ServerClock;
  /** When the end of a queue was put off. */
  readonly #touched = new Map<string, number>();

  constructor(collections: Collections, clock: ServerClock) {
    this.#collections = collections;
    this.#clock = clock;
  }

  async declare({ name, durable, exclusive, autoDelete, arguments: args }: QueueDeclaration): Promise<void> {
    const options = { durable, exclusive, auto_delete: autoDelete, arguments: args, nowait: false };
    const expire_at = this.#after(args['x-expires']);
    await this.#collections.queues.updateOne({ _id: name }, { $set: { options, expire_at } }, { upsert: true });
  }

  async exists(queue: string): Promise<boolean> {
    const { queues, messages } = this.#collections;
    const [record, message] = await Promise.all([
      queues.findOne({ _id: queue }, { projection: { _id: 1 } }),
      messages.findOne({ queue }, { projection: { _id: 1 } }),
    ]);
    return record !== null || message !== null;
  }

  /** When the queue and its bindings go, from now; null: never. */
  async endOf(queue: string): Promise<Date | null> {
    return this.#after(await this.#argument(queue, 'x-expires'));
  }

  /** When a message goes that is put now: whoever made the queue decided that. */
  async endOfMessages(queue: string): Promise<Date | null> {
    return this.#after(await this.#argument(queue, 'x-message-ttl'));
  }

  /** Somebody reads the queue: its end is put off. */
  async touch(queue: string): Promise<void> {
    const now = this.#clock.now();
    if (now - (this.#touched.get(queue) ?? 0) < touchMs) return;
    this.#touched.set(queue, now);
    const expire_at = await this.endOf(queue);
    if (expire_at === null) return;
    await this.#collections.routing.updateMany({ queue }, { $set: { expire_at } });
    await this.#collections.queues.updateMany({ _id: queue }, { $set: { expire_at } });
  }

  async remove(queue: string): Promise<void> {
    this.#touched.delete(queue);
    await this.#collections.queues.deleteOne({ _id: queue });
  }

  async #argument(queue: string, name: string): Promise<unknown> {
    const record = await this.#collections.queues.findOne({ _id: queue });
    return record?.options?.arguments?.[name];
  }

  #after(ms: unknown): Date | null {
    return typeof ms === 'number' ? new Date(this.#clock.now() + ms) : null;
  }
}
