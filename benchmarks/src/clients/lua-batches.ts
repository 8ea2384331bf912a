import { setTimeout } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { KombuEnvelope, KombuKeys } from '../backlogs/kombu-layout.ts';
import { kombuBody, kombuKeys } from '../backlogs/kombu-layout.ts';
import type { Handlers, Site, Stop } from '../client.ts';

/** Takes up to ARGV[1] envelopes, and notes them as unacked in the same step, as Kombu does. */
const script = `
local taken = redis.call('RPOP', KEYS[1], ARGV[1])
if not taken then return {} end
local index, unacked = {}, {}
for i, envelope in ipairs(taken) do
  local tag = string.match(envelope, '"delivery_tag": ?"([^"]+)"')
  index[2 * i - 1], index[2 * i] = ARGV[2], tag
  unacked[2 * i - 1], unacked[2 * i] = tag, '[' .. envelope .. ',"","' .. ARGV[3] .. '"]'
end
redis.call('ZADD', KEYS[2], unpack(index))
redis.call('HSET', KEYS[3], unpack(unacked))
return taken`;

/** The fastest reliable way of consuming that keeps Kombu's books: a batch in each trip, all acks of a batch in one call. */
export class LuaBatches {
  readonly #redis: Redis;
  readonly #digest: string;
  readonly #queue: string;
  readonly #keys: KombuKeys;

  private constructor(redis: Redis, digest: string, site: Site) {
    this.#redis = redis;
    this.#digest = digest;
    this.#keys = kombuKeys(site);
    this.#queue = site.queues[0] ?? '';
  }

  /** Consumes the first queue of the site. */
  static async load(redis: Redis, site: Site): Promise<LuaBatches> {
    return new LuaBatches(redis, (await redis.script('LOAD', script)) as string, site);
  }

  /** Takes and acks batches of `size` until `stopped` says so. */
  async run(size: number, { handle, acked }: Handlers, stopped: () => boolean): Promise<void> {
    while (!stopped()) {
      const envelopes = await this.take(size);
      if (envelopes.length === 0) await setTimeout(1);
      else {
        const tags = envelopes.map((text) => {
          const envelope = JSON.parse(text) as KombuEnvelope;
          handle(kombuBody(envelope));
          return envelope.properties.delivery_tag;
        });
        await this.#ack(tags);
        for (const _ of tags) acked();
      }
    }
  }

  /** Up to `size` envelopes; none when the queue is empty. */
  async take(size: number): Promise<readonly string[]> {
    const { queue, unackedIndex, unacked } = this.#keys;
    const keys = [queue(this.#queue), unackedIndex, unacked];
    return (await this.#redis.evalsha(this.#digest, 3, ...keys, size, Date.now() / 1000, this.#queue)) as string[];
  }

  async #ack(tags: readonly string[]): Promise<void> {
    await this.#redis
      .multi()
      .zrem(this.#keys.unackedIndex, ...tags)
      .hdel(this.#keys.unacked, ...tags)
      .exec();
  }
}

export async function luaBatches(redis: Redis, site: Site, prefetch: number, handlers: Handlers): Promise<Stop> {
  const batches = await LuaBatches.load(redis, site);
  let stopped = false;
  const running = batches.run(prefetch, handlers, () => stopped);
  return async () => {
    stopped = true;
    await running;
  };
}
