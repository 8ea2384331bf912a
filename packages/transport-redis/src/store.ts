import type {
  BroadcastMessage,
  Clock,
  ConsumeResult,
  GetOptions,
  Logger,
  OutgoingMessage,
  PutFailure,
  QueueDeclaration,
  QueueStore,
  Random,
  SettleOutcome,
  StoredMessage,
} from '@kombu/core/spi';
import { ConnectionError } from '@kombu/core/spi';
import { RedisBindings } from './bindings.ts';
import { Broadcasts } from './broadcasts.ts';
import { Claims, type Claim } from './claims.ts';
import { Delays } from './delays.ts';
import type { FanoutChannels } from './fanout-channels.ts';
import { Inbox } from './inbox.ts';
import type { KeyTracker } from './key-tracker.ts';
import type { Keys } from './keys.ts';
import type { RedisOptions } from './options.ts';
import { Puts } from './puts.ts';
import { QueueLeases } from './queue-leases.ts';
import { QueueWaits } from './queue-waits.ts';
import { Restorer } from './restorer.ts';
import { purge } from './scripts/purge.ts';
import { size } from './scripts/size.ts';
import type { Servers } from './servers/servers.ts';

export interface RedisStoreParts {
  readonly servers: Servers;
  readonly keys: Keys;
  readonly channels: FanoutChannels;
  readonly tracker: KeyTracker;
  readonly options: RedisOptions;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** Queues in Redis, in the layout of Kombu. */
export class RedisStore implements QueueStore<Claim> {
  readonly closed: Promise<Error | undefined>;
  readonly bindings: RedisBindings;
  declare readonly leaseMs?: number;
  declare readonly release?: NonNullable<QueueStore<Claim>['release']>;
  declare readonly renew?: NonNullable<QueueStore<Claim>['renew']>;
  readonly #parts: RedisStoreParts;
  readonly #puts: Puts;
  readonly #claims: Claims;
  readonly #waits: QueueWaits;
  readonly #delays: Delays;
  readonly #leases: QueueLeases;
  readonly #restorer: Restorer;
  readonly #broadcasts: Broadcasts;
  readonly #inbox: Inbox;
  /** Queues that this process reads. */
  readonly #read = new Set<string>();
  #isOver = false;
  #closing: Promise<void> | undefined;

  constructor(parts: RedisStoreParts) {
    const { servers, keys, options } = parts;
    this.#parts = parts;
    this.#claims = new Claims(servers, keys, options);
    this.#waits = new QueueWaits(parts);
    this.#delays = new Delays({ ...parts, pollingInterval: options.pollingInterval });
    this.#leases = new QueueLeases({ ...parts, drop: (queue) => this.#drop(queue) });
    this.#puts = new Puts({ servers, keys, delays: this.#delays, leases: this.#leases });
    this.#inbox = new Inbox(parts.logger);
    const isEphemeral = options.fanout === 'ephemeral';
    const receive = (queue: string, payload: string): void => {
      this.#inbox.add(queue, payload);
      this.#waits.wake(queue);
    };
    this.#broadcasts = new Broadcasts({ ...parts, receive: isEphemeral ? receive : undefined });
    this.bindings = new RedisBindings({
      ...parts,
      isEphemeral,
      sep: options.sep,
      leases: this.#leases,
      broadcasts: this.#broadcasts,
    });
    this.#restorer = new Restorer({
      ...parts,
      queues: () => Array.from(this.#read, (queue) => keys.queue(queue)),
      route: (exchange, routingKey) => this.bindings.queuesOf(exchange, routingKey),
    });
    if (options.ackEmulation) {
      this.leaseMs = options.leaseMs;
      this.release = (queue, receipts, { delayMs }) => this.#release(queue, receipts, delayMs);
      this.renew = (queue, receipts) => {
        return this.#settle(
          receipts,
          (claims) => this.#claims.renew(keys.queue(queue), claims),
          (held) => this.#inbox.isTaken(queue, held),
        );
      };
    }
    this.closed = servers.closed;
    void servers.closed.then(() => this.#stop());
  }

  /** The longest sleep between two looks where nothing tells of messages, in milliseconds. */
  get pollingInterval(): number {
    return this.#parts.options.pollingInterval;
  }

  async declare(queue: QueueDeclaration): Promise<void> {
    this.#assertOpen();
    await this.#leases.declared(queue);
  }

  async put(queue: string, messages: readonly OutgoingMessage[]): Promise<void | readonly PutFailure[]> {
    this.#assertOpen();
    return this.#puts.put(this.#parts.keys.queue(queue), messages);
  }

  async get(queue: string, { max, waitMs, noAck, signal }: GetOptions): Promise<readonly StoredMessage<Claim>[]> {
    this.#assertOpen();
    const keys = this.#parts.keys.queue(queue);
    if (this.#read.size >= rememberedQueues) this.#read.clear();
    this.#read.add(queue);
    const look = async (arm: boolean): Promise<readonly StoredMessage<Claim>[]> => {
      this.#assertOpen();
      const held = this.#inbox.take(queue, max, noAck);
      if (held.length > 0) return held;
      const messages = await this.#claims.take(keys, max, noAck, arm);
      if (messages.length === 0 && arm) this.#restorer.soon(keys);
      return messages;
    };
    return waitMs === 0 ? look(false) : this.#waits.first(keys, waitMs, signal, look);
  }

  /** A queue of a fanout exchange hears from now on what is broadcast. */
  async subscribe(queue: string): Promise<ConsumeResult | void> {
    this.#assertOpen();
    await Promise.all([this.#leases.consumed(queue), this.#broadcasts.consumed(queue)]);
    const { fanout } = this.#parts.options;
    return fanout === 'ephemeral' && this.#broadcasts.isBound(queue) ? { ephemeral: true } : undefined;
  }

  async ack(queue: string, receipts: readonly Claim[]): Promise<void | readonly SettleOutcome[]> {
    this.#assertOpen();
    if (!this.#parts.options.ackEmulation) return undefined;
    return this.#settle(
      receipts,
      (claims) => this.#claims.ack(this.#parts.keys.queue(queue), claims),
      (held) => this.#inbox.ack(queue, held),
    );
  }

  async size(queue: string): Promise<number> {
    const count = Number(await this.#parts.servers.run(size, this.#parts.keys.queue(queue).lists, []));
    return count + this.#inbox.size(queue);
  }

  async purge(queue: string): Promise<number> {
    const count = Number(await this.#parts.servers.run(purge, this.#parts.keys.queue(queue).lists, []));
    return count + this.#inbox.purge(queue);
  }

  async delete(queue: string): Promise<void> {
    const keys = this.#parts.keys.queue(queue);
    const { servers } = this.#parts;
    this.#read.delete(queue);
    this.#waits.forget(keys);
    this.#inbox.forget(queue);
    await Promise.all([this.#leases.forget(queue), this.#broadcasts.deleted(queue)]);
    await servers.run(purge, keys.lists, []);
    await servers.call({ name: 'UNLINK', key: keys.delayed, args: [keys.delayed] });
    await this.#claims.dropAll(keys);
  }

  broadcast(exchange: string, messages: readonly BroadcastMessage[]): Promise<readonly number[]> {
    return this.#broadcasts.broadcast(exchange, messages);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  unwrap(): unknown {
    return this.#parts.servers.unwrap();
  }

  /** What the servers say by themselves. */
  published(pattern: string, payload: string): void {
    this.#broadcasts.published(pattern, payload);
  }

  /** Removes the queues whose owners are gone; done now and then by itself. */
  sweep(): Promise<void> {
    return this.#leases.sweep();
  }

  async #close(): Promise<void> {
    this.#stop();
    await this.#parts.servers.close();
  }

  /** What waits is told that nothing will come. */
  #stop(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#waits.stop();
    this.#delays.stop();
    this.#leases.stop();
    this.#restorer.stop();
  }

  #release(queue: string, receipts: readonly Claim[], delayMs: number): Promise<readonly SettleOutcome[]> {
    const release = async (claims: readonly Claim[]): Promise<readonly SettleOutcome[]> => {
      const keys = this.#parts.keys.queue(queue);
      if (delayMs === 0) return this.#claims.release(keys, claims, 0);
      await this.#delays.note(queue, delayMs);
      const outcomes = await this.#claims.release(keys, claims, delayMs);
      await this.#delays.note(queue, delayMs);
      return outcomes;
    };
    return this.#settle(receipts, release, (held) => {
      const outcome = this.#inbox.release(queue, held);
      this.#waits.wake(queue);
      return outcome;
    });
  }

  /** Receipts of claims and of what this process alone has may come mixed. */
  async #settle(
    receipts: readonly Claim[],
    ofClaims: (claims: readonly Claim[]) => Promise<readonly SettleOutcome[]>,
    ofHeld: (receipt: Claim) => SettleOutcome,
  ): Promise<readonly SettleOutcome[]> {
    if (this.#parts.options.fanout === 'durable') return ofClaims(receipts);
    const claims = receipts.filter((receipt) => !Inbox.holds(receipt));
    const outcomes = claims.length > 0 ? [...(await ofClaims(claims))] : [];
    return receipts.map((receipt) => (Inbox.holds(receipt) ? ofHeld(receipt) : (outcomes.shift() ?? 'ok')));
  }

  async #drop(queue: string): Promise<void> {
    await this.bindings.removeQueue(queue);
    await this.delete(queue);
  }

  #assertOpen(): void {
    if (this.#isOver) throw new ConnectionError('The connection to Redis was closed', { code: 'CLOSED' });
  }
}

/** More would be reply queues, whose names never come again. */
const rememberedQueues = 10_000;
