import { describePrivateService, describeService, type Redis as RedisService } from '@kombu/services';
import { registerConformance, transportConformance, transportHarness } from '@kombu/testing';
import type { Redis } from 'ioredis';
import { redisTransport } from '../src/index.ts';
import { coarsePriorities, missingQueues, registerSuites } from './support/conformance.ts';
import { outgoing, receiptsOf, take } from './support/messages.ts';
import { connectRaw } from './support/raw.ts';
import { newPrefix, openTestStore } from './support/stores.ts';
import { until } from '@kombu/test-kit';

await describeService('redis', 'one Redis', ({ url }) => {
  const globalKeyprefix = newPrefix();
  let raw: Redis;
  beforeAll(async () => {
    raw = await connectRaw(url);
  });
  afterAll(() => raw.quit());

  registerSuites({
    name: 'redis',
    url,
    options: { globalKeyprefix },
    unreachableUrl: 'redis://127.0.0.1:1',
    putRaw: async (queue, payload) => void (await raw.lpush(globalKeyprefix + queue, payload)),
    quirks: { ...missingQueues, ...coarsePriorities },
    storeQuirks: { 'ranks/priority': coarsePriorities['priority/order'] ?? '' },
  });
});

await describePrivateService('redis', 'a Redis of its own', (start) => {
  let redis: RedisService;
  beforeAll(async () => {
    redis = await start({ appendonly: 'yes', appendfsync: 'always' });
  });
  afterAll(() => redis.close());

  registerConformance(
    { describe, it },
    transportConformance.filter(({ id }) => id.startsWith('restart/')),
    transportHarness({
      name: 'redis that restarts',
      transport: redisTransport,
      url: () => redis.url,
      transportOptions: { leaseMs: 600, unackedRestoreInterval: 100 },
      leaseMs: 600,
      restartBroker: () => redis.restart(),
    }),
  );

  it('R28: a Redis that is flushed gets the bindings of living processes back', async () => {
    const [one, other] = [await openTestStore(redis.url), await openTestStore(redis.url)];
    const binding = { destination: 'q', destinationType: 'queue', routingKey: 'a.*', arguments: {} } as const;
    const [topic, gone, fanout] = ['topic', 'gone', 'fanout'].map((exchange) => ({ ...binding, exchange }));
    for (const each of [topic, gone]) if (each) await one.bindings.add(each, 'topic');
    if (fanout) await one.bindings.add(fanout, 'fanout');
    if (gone) await one.bindings.remove(gone);
    // Two processes delete a queue: what the second one made of it is gone as well.
    await one.bindings.add({ ...binding, exchange: 'deleted', destination: 'deleted' }, 'topic');
    for (const store of [other, one]) await store.bindings.removeQueue('deleted');
    expect(await other.bindings.list('topic', 'topic')).toEqual([topic]);
    await redis.command('FLUSHALL');
    await until('it is bound again', async () => (await other.bindings.list('topic', 'topic')).length === 1);
    await until('the other one too', async () => (await other.bindings.list('fanout', 'fanout')).length === 1);
    for (const exchange of ['gone', 'deleted']) expect(await other.bindings.list(exchange, 'topic')).toEqual([]);
    await Promise.all([one.close(), other.close()]);
  });

  it('takes no messages while its memory is full, and consumers go on', async () => {
    const store = await openTestStore(redis.url);
    await store.put('full', [outgoing('a'), outgoing('b')]);
    await redis.command('CONFIG', 'SET', 'maxmemory', '1');
    const refused = (await store.put('full', [outgoing('c')])) ?? [];
    expect(refused.map(({ index, error }) => [index, redisTransport.classify(error)])).toEqual([[0, 'BLOCKED']]);
    const [first] = await take(store, 'full', 1);
    expect(await store.renew?.('full', receiptsOf([first]))).toEqual(['ok']);
    expect(await store.release?.('full', receiptsOf([first]), { delayMs: 0 })).toEqual(['ok']);
    for (const _ of ['a', 'b']) {
      const [message] = await take(store, 'full', 1);
      expect(await store.ack('full', receiptsOf([message]))).toEqual(['ok']);
    }
    expect(await store.size('full')).toBe(0);
    await redis.command('CONFIG', 'SET', 'maxmemory', '0');
    expect(await store.put('full', [outgoing('c')])).toBeUndefined();
    await store.close();
  });
});
