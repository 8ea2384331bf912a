import { Redis } from 'ioredis';
import { brokerUrl } from '../broker.ts';
import type { Site } from '../client.ts';
import type { Backlog } from './backlog.ts';
import { queueNames } from './backlog.ts';

/** How a library keeps its messages in Redis. */
export interface Layout {
  fill(redis: Redis, site: Site, count: number, body: unknown): Promise<void>;
  /** Waiting and unacked messages. */
  size(redis: Redis, site: Site): Promise<number>;
}

/** Queues in Redis, in the layout of the contender, below a key prefix of their own. */
export class RedisBacklog implements Backlog {
  readonly #layout: Layout;
  readonly #queues: readonly string[];
  #redis: Redis | undefined;
  #site: Site | undefined;

  constructor(layout: Layout, queues = 1) {
    this.#layout = layout;
    this.#queues = queueNames(queues);
  }

  async open(): Promise<Site> {
    const url = await brokerUrl('redis');
    this.#redis = new Redis(url, { lazyConnect: true });
    await this.#redis.connect();
    this.#site = { url, queues: this.#queues, keyPrefix: `${this.#queues[0]}:` };
    return this.#site;
  }

  fill(count: number, body: unknown): Promise<void> {
    const { redis, site } = this.#open();
    return this.#layout.fill(redis, site, count, body);
  }

  size(): Promise<number> {
    const { redis, site } = this.#open();
    return this.#layout.size(redis, site);
  }

  async clear(): Promise<void> {
    const { redis, site } = this.#open();
    for (let cursor = ''; cursor !== '0';) {
      const [next, keys] = await redis.scan(cursor || '0', 'MATCH', `${site.keyPrefix}*`, 'COUNT', 1000);
      if (keys.length > 0) await redis.unlink(...keys);
      cursor = next;
    }
  }

  async close(): Promise<void> {
    if (this.#redis?.status === 'ready') await this.clear();
    this.#redis?.disconnect();
  }

  #open(): { readonly redis: Redis; readonly site: Site } {
    if (!this.#redis || !this.#site) throw new Error('The backlog is not open.');
    return { redis: this.#redis, site: this.#site };
  }
}
