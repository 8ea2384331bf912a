import { Redis } from 'ioredis';
import type { KombuEnvelope } from '../backlogs/kombu-layout.ts';
import { kombuBase64, kombuBody, kombuEnvelope } from '../backlogs/kombu-layout.ts';
import type { Client, Settled, Handlers, Site, Stop } from '../client.ts';
import { LuaBatches, luaBatches } from './lua-batches.ts';

export interface IoredisOptions {
  readonly name?: string;
  /** Commands of one turn of the event loop leave as one pipeline. */
  readonly enableAutoPipelining?: boolean;
  /** How it consumes. @default a batch in each trip, by script */
  readonly consume?: Consumption;
}

export type Consumption = (redis: Redis, site: Site, prefetch: number, handlers: Handlers) => Promise<Stop>;

/** A hand-written client over ioredis that shares queues with Kombu. */
export class IoredisClient implements Client {
  readonly name: string;
  readonly #enableAutoPipelining: boolean;
  readonly #consume: Consumption;
  readonly #held: KombuEnvelope[] = [];
  #site: Site | undefined;
  #redis: Redis | undefined;

  constructor({ name = 'ioredis', enableAutoPipelining = false, consume = luaBatches }: IoredisOptions = {}) {
    this.name = name;
    this.#enableAutoPipelining = enableAutoPipelining;
    this.#consume = consume;
  }

  async open(site: Site): Promise<void> {
    this.#site = site;
    this.#redis = new Redis(site.url, { lazyConnect: true, enableAutoPipelining: this.#enableAutoPipelining });
    await this.#redis.connect();
  }

  publish(body: unknown, queue: string, settled: Settled): void {
    const key = `${this.#site?.keyPrefix}${queue}`;
    this.#redis?.lpush(key, kombuEnvelope(kombuBase64(body), queue)).then(() => settled(), settled);
  }

  async consume(prefetch: number, handlers: Handlers): Promise<Stop> {
    const { redis, site } = this.#open();
    return this.#consume(redis, site, prefetch, handlers);
  }

  async hold(count: number, received: () => void): Promise<void> {
    const { redis, site } = this.#open();
    const batches = await LuaBatches.load(redis, site);
    while (this.#held.length < count) {
      for (const text of await batches.take(100)) {
        const envelope = JSON.parse(text) as KombuEnvelope;
        kombuBody(envelope);
        this.#held.push(envelope);
        received();
      }
    }
  }

  async close(): Promise<void> {
    this.#redis?.disconnect();
  }

  #open(): { readonly redis: Redis; readonly site: Site } {
    if (!this.#redis || !this.#site) throw new Error('The client is not open.');
    return { redis: this.#redis, site: this.#site };
  }
}
