import type { Redis } from 'ioredis';
import type { KombuEnvelope } from '../backlogs/kombu-layout.ts';
import { kombuBody, kombuKeys } from '../backlogs/kombu-layout.ts';
import type { Handlers, Site, Stop } from '../client.ts';

/** Consumes as Kombu does, message by message: BRPOP, and a transaction each to note it as unacked and to ack it. */
export async function brpop(redis: Redis, site: Site, _prefetch: number, handlers: Handlers): Promise<Stop> {
  const blocking = redis.duplicate();
  await blocking.connect();
  let stopped = false;
  const running = run(redis, blocking, site, handlers).catch((error: unknown) => {
    if (!stopped) throw error;
  });
  return async () => {
    stopped = true;
    blocking.disconnect();
    await running;
  };
}

/** Until the blocking connection is closed. */
async function run(redis: Redis, blocking: Redis, site: Site, { handle, acked }: Handlers): Promise<never> {
  const { unacked, unackedIndex, queue } = kombuKeys(site);
  const [name = ''] = site.queues;
  for (;;) {
    const popped = await blocking.brpop(queue(name), 1);
    if (!popped) continue;
    const envelope = JSON.parse(popped[1]) as KombuEnvelope;
    const { delivery_tag: tag } = envelope.properties;
    const entry = `[${popped[1]},"","${name}"]`;
    await redis
      .multi()
      .zadd(unackedIndex, Date.now() / 1000, tag)
      .hset(unacked, tag, entry)
      .exec();
    handle(kombuBody(envelope));
    await redis.multi().zrem(unackedIndex, tag).hdel(unacked, tag).exec();
    acked();
  }
}
