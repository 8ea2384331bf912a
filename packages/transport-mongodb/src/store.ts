import type {
  BroadcastMessage,
  Clock,
  GetOptions,
  Logger,
  OutgoingMessage,
  PutFailure,
  QueueDeclaration,
  QueueStore,
  SettleOutcome,
  StoredMessage,
} from '@kombu/core/spi';
import { ConnectionError } from '@kombu/core/spi';
import { MongoBindings } from './bindings.ts';
import { Broadcasts } from './broadcasts.ts';
import { ChangeWatch } from './change-watch.ts';
import { Claims, type Claim } from './claims.ts';
import type { Collections } from './documents.ts';
import type { MongoLink } from './link.ts';
import type { MongoOptions } from './options.ts';
import { Puts } from './puts.ts';
import { QueueRecords } from './queue-records.ts';
import { QueueWaits } from './queue-waits.ts';
import { Restorer } from './restorer.ts';
import { Scout } from './scout.ts';
import type { ServerClock } from './server-clock.ts';

export interface MongoStoreParts {
  readonly link: Pick<MongoLink, 'client' | 'closed' | 'close'>;
  readonly collections: Collections;
  readonly serverClock: ServerClock;
  readonly options: MongoOptions;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** How much more seldom queues are looked at where a change stream tells of messages. */
const patience = 10;

/** Queues in MongoDB, in the layout of Kombu. */
export class MongoStore implements QueueStore<Claim> {
  readonly closed: Promise<Error | undefined>;
  readonly bindings: MongoBindings;
  readonly leaseMs: number;
  /** The longest sleep between two looks, in milliseconds. */
  readonly pollingInterval: number;
  declare readonly declare?: NonNullable<QueueStore<Claim>['declare']>;
  declare readonly exists?: NonNullable<QueueStore<Claim>['exists']>;
  readonly #parts: MongoStoreParts;
  readonly #records: QueueRecords | undefined;
  readonly #puts: Puts;
  readonly #claims: Claims;
  readonly #waits = new QueueWaits();
  readonly #restorer: Restorer;
  readonly #scout: Scout;
  readonly #watch: ChangeWatch | undefined;
  readonly #broadcasts: Broadcasts;
  #isOver = false;
  #closing: Promise<void> | undefined;

  constructor(parts: MongoStoreParts) {
    const { link, collections, serverClock, options } = parts;
    const { messages } = collections;
    const records = options.ttl ? new QueueRecords(collections, serverClock) : undefined;
    this.#parts = parts;
    this.leaseMs = options.leaseMs;
    this.pollingInterval = options.pollingInterval;
    this.#records = records;
    this.#puts = new Puts(messages, serverClock, records);
    this.#claims = new Claims(messages, serverClock, options.leaseMs);
    this.#restorer = new Restorer({
      ...parts,
      messages,
      leaseMs: options.leaseMs,
      restored: () => this.#waits.wakeAll(),
    });
    const wake = (queue: string): void => this.#waits.wake(queue);
    this.#scout = new Scout({
      ...parts,
      waits: this.#waits,
      look: async (queues) => {
        const found = await messages.distinct('queue', { queue: { $in: queues } });
        return found.filter((queue) => queue !== undefined);
      },
      longestMs: () => options.pollingInterval * (this.#watch?.isLive ? patience : 1),
    });
    if (options.wakeup === 'auto') {
      this.#watch = new ChangeWatch({
        ...parts,
        open: (pipeline) => messages.watch([...pipeline]),
        changed: (queue) => (queue === undefined ? this.#waits.wakeAll() : wake(queue)),
      });
    }
    this.#broadcasts = new Broadcasts({ ...parts, arrived: wake });
    this.bindings = new MongoBindings({
      routing: collections.routing,
      expireAt: async (queue) => records?.endOf(queue),
      bound: (exchange, queue, type) => {
        if (type === 'fanout') this.#broadcasts.bound(exchange, queue);
      },
      unbound: (exchange, queue) => this.#broadcasts.unbound(exchange, queue),
    });
    if (records) {
      this.declare = (queue: QueueDeclaration) => records.declare(queue);
      this.exists = (queue) => records.exists(queue);
    }
    this.closed = link.closed;
    void link.closed.then(() => this.#stop());
  }

  async put(queue: string, messages: readonly OutgoingMessage[]): Promise<readonly PutFailure[]> {
    this.#assertOpen();
    const failures = await this.#puts.put(queue, messages);
    for (const { delayMs } of messages) if (delayMs > 0) this.#restorer.expect(delayMs);
    this.#waits.wake(queue);
    return failures;
  }

  async get(queue: string, { max, waitMs, signal }: GetOptions): Promise<readonly StoredMessage<Claim>[]> {
    this.#assertOpen();
    this.#restorer.start();
    if (waitMs === 0) return this.#look(queue, max);
    this.#watch?.start();
    return this.#waits.during(queue, signal, async (wait) => {
      const { clock } = this.#parts;
      const end = clock.now() + waitMs;
      for (;;) {
        const messages = await this.#look(queue, max);
        const leftMs = end - clock.now();
        if (messages.length > 0 || leftMs <= 0 || signal.aborted) return messages;
        this.#scout.start();
        await wait.rest(leftMs, clock);
        if (signal.aborted) return [];
      }
    });
  }

  async ack(_queue: string, receipts: readonly Claim[]): Promise<readonly SettleOutcome[]> {
    this.#assertOpen();
    return this.#claims.ack(receipts);
  }

  async renew(_queue: string, receipts: readonly Claim[]): Promise<readonly SettleOutcome[]> {
    this.#assertOpen();
    return this.#claims.renew(receipts);
  }

  async release(
    queue: string,
    receipts: readonly Claim[],
    { delayMs }: { readonly delayMs: number },
  ): Promise<readonly SettleOutcome[]> {
    this.#assertOpen();
    const outcomes = await this.#claims.release(receipts, delayMs);
    if (delayMs > 0) this.#restorer.expect(delayMs);
    this.#waits.wake(queue);
    return outcomes;
  }

  size(queue: string): Promise<number> {
    return this.#parts.collections.messages.countDocuments({ queue });
  }

  async purge(queue: string): Promise<number> {
    return (await this.#parts.collections.messages.deleteMany({ queue })).deletedCount;
  }

  async delete(queue: string): Promise<void> {
    const { messages } = this.#parts.collections;
    this.#broadcasts.deleted(queue);
    await Promise.all([
      messages.deleteMany({ queue }),
      messages.deleteMany({ leased_from: queue }),
      this.#records?.remove(queue),
    ]);
  }

  /** A queue of a fanout exchange hears from now on what Python broadcasts. */
  async subscribe(queue: string): Promise<void> {
    this.#assertOpen();
    await this.#broadcasts.consumed(queue);
  }

  broadcast(exchange: string, messages: readonly BroadcastMessage[]): Promise<void> {
    return this.#broadcasts.broadcast(exchange, messages);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  unwrap(): unknown {
    return this.#parts.link.client;
  }

  async #close(): Promise<void> {
    this.#stop();
    await this.#parts.link.close();
  }

  /** What waits is told that nothing will come. */
  #stop(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#restorer.stop();
    this.#scout.stop();
    void this.#watch?.stop();
    void this.#broadcasts.stop();
    this.#waits.wakeAll();
  }

  async #look(queue: string, max: number): Promise<readonly StoredMessage<Claim>[]> {
    this.#assertOpen();
    const messages = await this.#claims.take(queue, max);
    await this.#records?.touch(queue);
    return messages;
  }

  #assertOpen(): void {
    if (this.#isOver) throw new ConnectionError('The connection to MongoDB was closed', { code: 'CLOSED' });
  }
}
