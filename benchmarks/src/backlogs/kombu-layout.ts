import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { Site } from '../client.ts';
import type { Layout } from './redis-backlog.ts';

/** The keys of Kombu's layout, as the hand-written clients use them. */
export interface KombuKeys {
  readonly unacked: string;
  readonly unackedIndex: string;
  readonly queue: (name: string) => string;
}

export function kombuKeys({ keyPrefix }: Site): KombuKeys {
  return {
    unacked: `${keyPrefix}unacked`,
    unackedIndex: `${keyPrefix}unacked_index`,
    queue: (name) => `${keyPrefix}${name}`,
  };
}

/** What of Kombu's envelope a consumer reads. */
export interface KombuEnvelope {
  readonly body: string;
  readonly properties: { readonly delivery_tag: string };
}

export function kombuBase64(body: unknown): string {
  return Buffer.from(JSON.stringify(body), 'utf8').toString('base64');
}

/** A message as Kombu writes it. */
export function kombuEnvelope(base64: string, queue: string): string {
  return (
    `{"body":"${base64}","content-encoding":"utf-8","content-type":"application/json","headers":{},` +
    `"properties":{"delivery_mode":2,"delivery_info":{"exchange":"","routing_key":"${queue}"},"priority":0,` +
    `"body_encoding":"base64","delivery_tag":"${randomUUID()}"}}`
  );
}

export function kombuBody({ body }: KombuEnvelope): unknown {
  return JSON.parse(Buffer.from(body, 'base64').toString('utf8'));
}

/** Sent in one command. */
const batch = 500;

/** Lists of envelopes, and the hash of those unacked. */
export const kombuLayout: Layout = {
  async fill(redis: Redis, site: Site, count: number, body: unknown): Promise<void> {
    const [queue = ''] = site.queues;
    const base64 = kombuBase64(body);
    for (let left = count; left > 0; left -= batch) {
      const envelopes = Array.from({ length: Math.min(batch, left) }, () => kombuEnvelope(base64, queue));
      await redis.lpush(kombuKeys(site).queue(queue), ...envelopes);
    }
  },
  async size(redis: Redis, site: Site): Promise<number> {
    const keys = kombuKeys(site);
    let size = await redis.hlen(keys.unacked);
    for (const queue of site.queues) size += await redis.llen(keys.queue(queue));
    return size;
  },
};
