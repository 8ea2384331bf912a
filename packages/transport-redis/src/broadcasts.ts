import { createHash } from 'node:crypto';
import type { BroadcastMessage, Logger } from '@kombu/core/spi';
import type { FanoutChannels } from './fanout-channels.ts';
import { member } from './json-text.ts';
import type { Keys } from './keys.ts';
import { bring } from './scripts/bring.ts';
import type { Servers } from './servers/servers.ts';
import { priorityOf } from './unacked-record.ts';

export interface BroadcastsParts {
  readonly servers: Servers;
  readonly keys: Keys;
  readonly channels: FanoutChannels;
  readonly logger: Logger;
  /** Takes the messages of ephemeral queues; absent where queues are durable. */
  readonly receive?: ((queue: string, payload: string) => void) | undefined;
}

/** How long it is remembered that a message was put into a queue, in milliseconds: other processes hear it within moments. */
const markMs = 60_000;

/** Stands behind the JSON of a message that is in the durable queues already. Readers of JSON do not mind it. */
const stored = '\n';

/**
 * What Python processes and ours say to each other through fanout exchanges. Python's go by PUB/SUB only, so each message of
 * ours is published there too, and what Python publishes is put into the queues that are consumed here. Where queues are
 * ephemeral, PUB/SUB is the only way.
 */
export class Broadcasts {
  readonly #parts: BroadcastsParts;
  /** The bindings made here: exchange to queue to rows. */
  readonly #bound = new Map<string, Map<string, Set<string>>>();
  readonly #consumed = new Set<string>();
  /** What is subscribed: pattern to exchange. */
  readonly #patterns = new Map<string, string>();

  constructor(parts: BroadcastsParts) {
    this.#parts = parts;
  }

  /** Resolves to the number of connections that heard each message. */
  broadcast(exchange: string, messages: readonly BroadcastMessage[]): Promise<readonly number[]> {
    const { servers, channels, receive } = this.#parts;
    const heard = messages.map(async ({ payload, routingKey }) => {
      const calls = channels.publishTo(exchange, routingKey).map((channel) => {
        return servers.call({ name: 'PUBLISH', key: channel, args: [channel, receive ? payload : payload + stored] });
      });
      const counts = (await Promise.all(calls)) as number[];
      return counts.reduce((sum, count) => sum + count, 0);
    });
    return Promise.all(heard);
  }

  async bound(exchange: string, queue: string, row: string): Promise<void> {
    const queues = this.#bound.get(exchange) ?? new Map<string, Set<string>>();
    this.#bound.set(exchange, queues);
    queues.set(queue, (queues.get(queue) ?? new Set()).add(row));
    if (this.#consumed.has(queue)) await this.#subscribe(exchange);
  }

  async unbound(exchange: string, queue: string, row: string): Promise<void> {
    const rows = this.#bound.get(exchange)?.get(queue);
    if (rows?.delete(row) && rows.size === 0) await this.#forget(exchange, queue);
  }

  /** Does an exchange broadcast to this queue? */
  isBound(queue: string): boolean {
    return [...this.#bound.values()].some((queues) => queues.has(queue));
  }

  /** Somebody waits for messages of this queue. Cheap when that is known. */
  async consumed(queue: string): Promise<void> {
    if (this.#consumed.has(queue)) return;
    this.#consumed.add(queue);
    const exchanges = [...this.#bound].filter(([, queues]) => queues.has(queue)).map(([exchange]) => exchange);
    try {
      await Promise.all(exchanges.map((exchange) => this.#subscribe(exchange)));
    } catch (error) {
      this.#consumed.delete(queue);
      throw error;
    }
  }

  async deleted(queue: string): Promise<void> {
    this.#consumed.delete(queue);
    await Promise.all(Array.from(this.#bound.keys(), (exchange) => this.#forget(exchange, queue)));
  }

  /** Somebody published a message on a channel that fits a pattern of ours. */
  published(pattern: string, payload: string): void {
    const exchange = this.#patterns.get(pattern);
    if (exchange === undefined || !isOf(exchange, payload)) return;
    const { receive } = this.#parts;
    for (const queue of this.#bound.get(exchange)?.keys() ?? []) {
      if (!this.#consumed.has(queue)) continue;
      if (receive) receive(queue, payload.endsWith(stored) ? payload.slice(0, -stored.length) : payload);
      else if (!payload.endsWith(stored)) void this.#bring(queue, payload);
    }
  }

  async #bring(queue: string, payload: string): Promise<void> {
    const { servers, keys, logger } = this.#parts;
    try {
      const list = keys.queue(queue).lists[Math.max(keys.listOf(priorityOf(payload)), 0)] as string;
      await servers.run(bring, [keys.broadcastMark(queue, identityOf(payload)), list], [markMs, payload]);
    } catch (error) {
      logger.warn(`A broadcast message could not be put into the queue ${JSON.stringify(queue)}`, { error });
    }
  }

  async #forget(exchange: string, queue: string): Promise<void> {
    const queues = this.#bound.get(exchange);
    if (queues?.delete(queue) && queues.size === 0) await this.#unsubscribe(exchange);
  }

  async #subscribe(exchange: string): Promise<void> {
    const patterns = this.#parts.channels.patternsOf(exchange).filter((pattern) => !this.#patterns.has(pattern));
    if (patterns.length === 0) return;
    for (const pattern of patterns) this.#patterns.set(pattern, exchange);
    try {
      await this.#parts.servers.subscribe(patterns);
    } catch (error) {
      for (const pattern of patterns) this.#patterns.delete(pattern);
      throw error;
    }
  }

  async #unsubscribe(exchange: string): Promise<void> {
    this.#bound.delete(exchange);
    const patterns = [...this.#patterns].filter(([, known]) => known === exchange).map(([pattern]) => pattern);
    if (patterns.length === 0) return;
    for (const pattern of patterns) this.#patterns.delete(pattern);
    await this.#parts.servers.unsubscribe(patterns);
  }
}

/** The pattern of one exchange fits the channels of another whose name goes on with a slash. */
function isOf(exchange: string, payload: string): boolean {
  const properties = member(payload, 0, 'properties');
  const info = properties && member(payload, properties.start, 'delivery_info');
  const found = info && member(payload, info.start, 'exchange');
  return !found || textAt(payload, found.start, found.end) === exchange;
}

/** The delivery tag, which a message has everywhere; of what is no envelope, the hash. */
function identityOf(payload: string): string {
  const properties = member(payload, 0, 'properties');
  const tag = properties && member(payload, properties.start, 'delivery_tag');
  const text = tag && textAt(payload, tag.start, tag.end);
  return text || createHash('sha1').update(payload).digest('hex');
}

function textAt(payload: string, start: number, end: number): string | undefined {
  try {
    const value: unknown = JSON.parse(payload.slice(start, end));
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}
