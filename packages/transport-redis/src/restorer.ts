import type { Clock, ClockTimer, Logger, Random } from '@kombu/core/spi';
import type { Keys, QueueKeys } from './keys.ts';
import type { RedisOptions } from './options.ts';
import { markRedelivered } from './redelivery.ts';
import { expired } from './scripts/expired.ts';
import { renew } from './scripts/renew.ts';
import { restore } from './scripts/restore.ts';
import { isMisuse, messageOf } from './servers/reply-error.ts';
import type { Servers } from './servers/servers.ts';
import { priorityOf, readRecord, type UnackedRecord } from './unacked-record.ts';

export interface RestorerParts {
  readonly servers: Servers;
  readonly keys: Keys;
  readonly options: RedisOptions;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** The queues whose unacked messages to look after; those that share their records need one in common. */
  queues(): Iterable<QueueKeys>;
  /** Where the bindings lead, for messages that a Python process took. */
  route(exchange: string, routingKey: string): Promise<readonly string[]>;
}

interface Expired {
  readonly claim: string;
  readonly score: string;
  readonly record: UnackedRecord | undefined;
}

interface ExpiredBatch {
  readonly batch: readonly Expired[];
  /** The latest score that counted as expired. */
  readonly cutoff: string;
}

/** How many places are visited, in a cluster where each queue is one. */
const visitsPerSecond = 20;

/**
 * Puts back what was taken and is overdue: messages of processes that died, ours and Python's. There is no lock: a script checks
 * that a claim is still what it was when it was read, so that any number of processes may do this at once, Python's too.
 */
export class Restorer {
  readonly #parts: RestorerParts;
  /** When each place was looked at last. */
  readonly #visits = new Map<string, number>();
  #timer: ClockTimer | undefined;
  #stopped = false;

  constructor(parts: RestorerParts) {
    this.#parts = parts;
    this.#rest();
  }

  /** Somebody found nothing to do in this queue: a good moment, unless the last one was just now. */
  soon(keys: QueueKeys): void {
    const { clock, options } = this.#parts;
    const visit = this.#visits.get(keys.unackedIndex) ?? 0;
    if (clock.now() - visit >= options.unackedRestoreInterval / 2) void this.#visit(keys);
  }

  stop(): void {
    this.#stopped = true;
    if (this.#timer) this.#parts.clock.clearTimeout(this.#timer);
  }

  #rest(): void {
    const { clock, random, options } = this.#parts;
    if (this.#stopped || !options.ackEmulation) return;
    // Many processes that start together must not go on together.
    const ms = Math.ceil(options.unackedRestoreInterval * (0.75 + random() / 2));
    this.#timer = clock.setTimeout(() => void this.#visitAll(ms).then(() => this.#rest()), ms);
    this.#timer.unref();
  }

  /** Each place in turn, so many at a time that an idle process with many of them stays idle. */
  async #visitAll(sinceMs: number): Promise<void> {
    const places = new Map(Array.from(this.#parts.queues(), (keys) => [keys.unackedIndex, keys]));
    for (const key of this.#visits.keys()) if (!places.has(key)) this.#visits.delete(key);
    const longestAgo = [...places.values()].toSorted((a, b) => this.#lastVisit(a) - this.#lastVisit(b));
    const count = Math.max(1, Math.ceil((visitsPerSecond * sinceMs) / 1000));
    await Promise.all(longestAgo.slice(0, count).map((keys) => this.#visit(keys)));
  }

  #lastVisit({ unackedIndex }: QueueKeys): number {
    return this.#visits.get(unackedIndex) ?? 0;
  }

  async #visit(keys: QueueKeys): Promise<void> {
    const { clock, logger, options } = this.#parts;
    if (this.#stopped || !options.ackEmulation) return;
    this.#visits.set(keys.unackedIndex, clock.now());
    try {
      await this.#restoreIn(keys);
    } catch (error) {
      logger.debug('Overdue messages could not be restored; trying again', { error });
    }
  }

  /**
   * The newest first: each batch is put before the one that was put back before it. So that this holds to the end, what
   * expires meanwhile has to wait.
   */
  async #restoreIn(place: QueueKeys): Promise<void> {
    const { unackedRestoreLimit: limit } = this.#parts.options;
    let latest = '';
    for (let found = limit; found === limit && !this.#stopped;) {
      const { batch, cutoff } = await this.#read(place, limit, latest);
      found = batch.length;
      latest = cutoff;
      const groups = await this.#groupByLists(batch);
      for (const [lists, group] of groups) await this.#restoreGroup(place, JSON.parse(lists) as string[], group);
    }
  }

  async #read({ unacked, unackedIndex }: QueueKeys, limit: number, latest: string): Promise<ExpiredBatch> {
    const { servers, options } = this.#parts;
    const args = [options.visibilityTimeout / 1000, limit, latest];
    const reply = (await servers.run(expired, [unacked, unackedIndex], args, true)) as readonly Buffer[];
    const [cutoff = '', ...texts] = reply.map((each) => each.toString('latin1'));
    const batch = Array.from({ length: texts.length / 3 }, (_, index) => ({
      claim: texts[3 * index] ?? '',
      score: texts[3 * index + 1] ?? '',
      record: readRecord(texts[3 * index + 2] ?? ''),
    }));
    return { batch, cutoff };
  }

  async #groupByLists(batch: readonly Expired[]): Promise<Map<string, Expired[]>> {
    const groups = new Map<string, Expired[]>();
    const routes = new Map<string, Promise<readonly string[]>>();
    for (const each of batch) {
      const lists = JSON.stringify(each.record ? await this.#listsOf(each.claim, each.record, routes) : []);
      groups.set(lists, [...(groups.get(lists) ?? []), each]);
    }
    return groups;
  }

  async #listsOf(
    claim: string,
    { payload, exchange, routingKey }: UnackedRecord,
    routes: Map<string, Promise<readonly string[]>>,
  ): Promise<readonly string[]> {
    const { keys } = this.#parts;
    const way = JSON.stringify([exchange, routingKey]);
    const queues = routes.get(way) ?? this.#route(exchange, routingKey);
    routes.set(way, queues);
    // Claims of ours say from which list they were taken.
    const step = /^[\w-]{10}\.[\w-]{12}\.\d{12}\.(\d)$/.exec(claim)?.[1];
    const list = step === undefined ? keys.listOf(priorityOf(payload)) : keys.steps.indexOf(Number(step));
    return (await queues).map((queue) => keys.queue(queue).lists[Math.max(list, 0)] as string);
  }

  async #route(exchange: string, routingKey: string): Promise<readonly string[]> {
    if (exchange === '') return [routingKey];
    try {
      return await this.#parts.route(exchange, routingKey);
    } catch (error) {
      if (!isMisuse(error)) throw error;
      return [];
    }
  }

  async #restoreGroup(place: QueueKeys, lists: readonly string[], group: readonly Expired[]): Promise<void> {
    const { servers, logger } = this.#parts;
    const { unacked, unackedIndex } = place;
    const routed = group.filter(({ record }) => record !== undefined);
    if (lists.length === 0 && routed.length > 0) {
      return this.#keep(place, routed, 'no queue is bound any more where they were published');
    }
    const args = group.flatMap(({ claim, score, record }) => {
      const text = record ? markRedelivered(record.payload) : '';
      return [claim, score, Buffer.from(text, 'latin1')];
    });
    try {
      const count = await servers.run(restore, [unacked, unackedIndex, ...lists], args);
      if (Number(count) > 0) logger.info(`${String(count)} messages whose lease was over are ready again`);
    } catch (error) {
      if (!isMisuse(error)) throw error;
      await this.#keep(place, routed, `they cannot be put into ${JSON.stringify(lists)} (${messageOf(error)})`);
    }
  }

  /** Messages with nowhere to go stay where they are, and must not stand before others: they count as taken now. */
  async #keep({ unacked, unackedIndex }: QueueKeys, group: readonly Expired[], why: string): Promise<void> {
    this.#parts.logger.warn(`${group.length} overdue messages stay in ${JSON.stringify(unacked)}: ${why}`);
    await this.#parts.servers.run(renew, [unackedIndex], [0, ...group.map(({ claim }) => claim)]);
  }
}
