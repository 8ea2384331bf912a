import type { Clock, ClockTimer, Logger, QueueDeclaration } from '@kombu/core/spi';
import type { Keys } from './keys.ts';
import { hold, holdLonger } from './scripts/hold.ts';
import { overdue } from './scripts/overdue.ts';
import type { Servers } from './servers/servers.ts';

export interface QueueLeasesParts {
  readonly servers: Servers;
  readonly keys: Keys;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Removes a queue whose owner is gone, with its bindings. */
  drop(queue: string): Promise<void>;
}

/** A queue that lives no longer than somebody says so. */
interface LeasedQueue {
  /** Of `x-expires`, in milliseconds. */
  expires: number | undefined;
  /** Rows of fanout exchanges, by their keys. */
  readonly fanouts: Map<string, Set<string>>;
  /** Exchanges whose tables Kombu 5.7 keeps for the queue's sake. */
  readonly exchanges: Set<string>;
  isHeld: boolean;
}

/** The time between two renewals. */
const tickMs = 20_000;
/** How long a fanout exchange feeds a queue whose owner is silent. */
const feedMs = 60_000;
/** How long a queue whose owner is silent stays. Long, so that answers to a dead client go with its queue. */
const keepMs = 300_000;
/** Kombu's: a table is kept for twice the `x-expires` of a queue, and no less than an hour. */
const leastTableMs = 3_600_000;
/** How many queues of dead owners are removed in one go. */
const maxPerSweep = 100;
/** How long they are left to the process that removes them. */
const sweepMs = 60_000;

/**
 * Keeps the queues that belong to somebody: exclusive ones, those that expire, and auto-delete queues once they are consumed.
 * Their owners note until when they will be there, and renew that; what is overdue, any process removes. So a process that
 * crashes leaves neither queue nor binding behind.
 */
export class QueueLeases {
  readonly #parts: QueueLeasesParts;
  readonly #queues = new Map<string, LeasedQueue>();
  readonly #autoDelete = new Set<string>();
  #timer: ClockTimer | undefined;
  #stopped = false;

  constructor(parts: QueueLeasesParts) {
    this.#parts = parts;
    this.#rest();
  }

  async declared({ name, exclusive, autoDelete, arguments: args }: QueueDeclaration): Promise<void> {
    const given = args['x-expires'];
    const expires = typeof given === 'number' ? given : undefined;
    const queue = this.#of(name);
    queue.expires = expires;
    if (autoDelete) this.#autoDelete.add(name);
    if (exclusive || expires !== undefined) await this.#hold(name, queue);
  }

  /** An auto-delete queue goes with its last consumer, not before it had one. */
  async consumed(name: string): Promise<void> {
    if (this.#autoDelete.delete(name)) await this.#hold(name, this.#of(name));
  }

  forget(name: string): Promise<unknown> {
    this.#autoDelete.delete(name);
    const isHeld = this.#queues.get(name)?.isHeld ?? false;
    this.#queues.delete(name);
    return isHeld ? this.#command('ZREM', this.#parts.keys.queueDeadlines, name) : Promise.resolve();
  }

  bound(name: string, key: string, row: string): void {
    const { fanouts } = this.#of(name);
    fanouts.set(key, (fanouts.get(key) ?? new Set()).add(row));
  }

  unbound(name: string, key: string, row: string): void {
    this.#queues.get(name)?.fanouts.get(key)?.delete(row);
  }

  /** How long a fanout exchange feeds the queue from now on, as {@link hold} wants it: nothing is for ever. */
  feedTime(name: string): number | '' {
    return this.#queues.get(name)?.isHeld ? feedMs : '';
  }

  /** The time to live of the queue's lists, in milliseconds; undefined: for ever. */
  timeToLive(name: string): number | undefined {
    const expires = this.#queues.get(name)?.expires;
    // Core ends it on time. This is for the case that nobody is left, and must not end a queue whose consumer is only busy.
    return expires === undefined ? undefined : Math.max(expires, 3 * tickMs);
  }

  /** Kombu keeps the table of an exchange for the sake of this queue. */
  async keepTable(exchange: string, name: string): Promise<void> {
    const queue = this.#of(name);
    queue.exchanges.add(exchange);
    const ms = Math.max(2 * (queue.expires ?? 0), leastTableMs);
    const { servers, keys } = this.#parts;
    await servers.run(holdLonger, [keys.bindingDeadlines], [ms, exchange]);
  }

  stop(): void {
    this.#stopped = true;
    if (this.#timer) this.#parts.clock.clearTimeout(this.#timer);
  }

  #of(name: string): LeasedQueue {
    let queue = this.#queues.get(name);
    if (!queue) {
      queue = { expires: undefined, fanouts: new Map(), exchanges: new Set(), isHeld: false };
      this.#queues.set(name, queue);
    }
    return queue;
  }

  async #hold(name: string, queue: LeasedQueue): Promise<void> {
    queue.isHeld = true;
    await this.#renew([[name, queue]]);
  }

  #rest(): void {
    if (this.#stopped) return;
    this.#timer = this.#parts.clock.setTimeout(() => void this.#tick(), tickMs);
    this.#timer.unref();
  }

  async #tick(): Promise<void> {
    try {
      await this.#renew([...this.#queues].filter(([, { isHeld }]) => isHeld));
      await this.sweep();
    } catch (error) {
      this.#parts.logger.debug('The times of queues could not be renewed; trying again', { error });
    }
    this.#rest();
  }

  async #renew(queues: readonly (readonly [string, LeasedQueue])[]): Promise<void> {
    if (queues.length === 0) return;
    const { servers, keys } = this.#parts;
    const isUsual = ({ expires = 0 }: LeasedQueue): boolean => expires <= keepMs;
    const holdFor = (ms: number, names: readonly string[]): Promise<unknown> =>
      servers.run(hold, [keys.queueDeadlines], [ms, ...names]);
    const usual = queues.filter(([, queue]) => isUsual(queue)).map(([name]) => name);
    const writes: Promise<unknown>[] = usual.length > 0 ? [holdFor(keepMs, usual)] : [];
    for (const [name, queue] of queues) if (!isUsual(queue)) writes.push(holdFor(queue.expires ?? keepMs, [name]));
    for (const [name, { fanouts, exchanges }] of queues) {
      for (const [key, rows] of fanouts) if (rows.size > 0) writes.push(servers.run(hold, [key], [feedMs, ...rows]));
      for (const exchange of exchanges) writes.push(this.keepTable(exchange, name));
      writes.push(this.touch(name));
    }
    await Promise.all(writes);
  }

  /** Renews the time to live of the queue's lists, if it has one. */
  async touch(name: string): Promise<void> {
    const ms = this.timeToLive(name);
    if (ms === undefined) return;
    const { lists } = this.#parts.keys.queue(name);
    await Promise.all(lists.map((list) => this.#command('PEXPIRE', list, String(ms))));
  }

  /** Removes queues whose owner is gone. */
  async sweep(): Promise<void> {
    const { servers, keys, logger } = this.#parts;
    const names = (await servers.run(overdue, [keys.queueDeadlines], [maxPerSweep, sweepMs])) as readonly string[];
    for (const name of names) {
      logger.info(`The queue ${JSON.stringify(name)} is removed: its owner is gone`);
      await this.#parts.drop(name);
      await this.#command('ZREM', keys.queueDeadlines, name);
    }
  }

  #command(name: string, key: string, ...args: readonly string[]): Promise<unknown> {
    return this.#parts.servers.call({ name, key, args: [key, ...args] });
  }
}
