import { setTimeout } from 'node:timers/promises';
import { Queue } from '@kombu/core';
import { describeService } from '@kombu/services';
import type { Redis } from 'ioredis';
import type { RedisTransportOptions } from '../src/index.ts';
import type { RedisStore } from '../src/store.ts';
import { connectTo } from './support/connections.ts';
import { envelope, outgoing, receiptsOf, take } from './support/messages.ts';
import { connectRaw, connectionsNamed, keysOf } from './support/raw.ts';
import { newPrefix, openTestStore } from './support/stores.ts';
import { until } from '@kombu/test-kit';

await describeService('redis', 'leases', ({ url }) => {
  let raw: Redis;
  let prefix: string;
  const stores: RedisStore[] = [];

  async function open(options: RedisTransportOptions = {}): Promise<RedisStore> {
    const store = await openTestStore(url, { globalKeyprefix: prefix, ...options });
    stores.push(store);
    return store;
  }

  /** All leases are over at once. */
  async function expireAll(): Promise<void> {
    for (const claim of await raw.hkeys(`${prefix}unacked`)) await raw.zadd(`${prefix}unacked_index`, 1, claim);
  }

  beforeAll(async () => {
    raw = await connectRaw(url);
  });
  beforeEach(() => {
    prefix = newPrefix();
  });
  afterEach(async () => {
    await Promise.all(stores.splice(0).map((store) => store.close()));
    const left = await raw.keys(`${prefix}*`);
    if (left.length > 0) await raw.del(left);
  });
  afterAll(() => raw.quit());

  it('R2: a handler that takes several leases has its message alone, and so have those that wait in the buffer', async () => {
    const options = { globalKeyprefix: prefix, leaseMs: 400, unackedRestoreInterval: 20 };
    await using one = connectTo(url, options);
    await using other = connectTo(url, options);
    const got: string[] = [];
    const queue = new Queue<string>('q');
    for (const connection of [one, other]) {
      await connection.consume(
        queue,
        async (body, message) => {
          got.push(body);
          if (body === 'm0') await setTimeout(1200);
          await message.ack();
        },
        { prefetch: 10 },
      );
    }
    const bodies = Array.from({ length: 10 }, (_, index) => `m${index}`);
    await raw.lpush(`${prefix}q`, ...bodies.map((body) => envelope(body)));
    await until('all are settled', async () => (await keysOf(raw, prefix)).length === 0);
    expect(got.toSorted()).toEqual(bodies);
  });

  it('R15: whatever is done with a message whose lease is over is lease-lost, and nothing is thrown', async () => {
    const store = await open({ unackedRestoreInterval: 20 });
    await store.put('q', [outgoing('a'), outgoing('b'), outgoing('c')]);
    const receipts = receiptsOf(await take(store, 'q'));
    await expireAll();
    await take(store, 'other');
    await until('they are ready again', async () => (await raw.llen(`${prefix}q`)) === 3);
    const lost = ['lease-lost', 'lease-lost', 'lease-lost'];
    expect(await store.renew?.('q', receipts)).toEqual(lost);
    expect(await store.release?.('q', receipts, { delayMs: 0 })).toEqual(lost);
    expect(await store.release?.('q', receipts, { delayMs: 10 })).toEqual(lost);
    expect(await store.ack('q', receipts)).toEqual(lost);
    expect(await raw.llen(`${prefix}q`)).toBe(3);
    expect(await keysOf(raw, `${prefix}unacked`)).toEqual([]);
  });

  it('R30: a worker that stalled past its lease does not end the delivery of the next one', async () => {
    const [late, next] = [await open(), await open({ unackedRestoreInterval: 20 })];
    await late.put('q', [outgoing('x')]);
    const old = receiptsOf(await take(late, 'q'));
    await expireAll();
    await take(next, 'other');
    await until('it is ready again', async () => (await raw.llen(`${prefix}q`)) === 1);
    const current = receiptsOf(await take(next, 'q'));
    expect(await late.ack('q', old)).toEqual(['lease-lost']);
    expect(await raw.hlen(`${prefix}unacked`)).toBe(1);
    expect(await next.renew?.('q', current)).toEqual(['ok']);
    expect(await next.ack('q', current)).toEqual(['ok']);
  });

  it('R25: deliveries are counted over the death of consumers', async () => {
    const options = { leaseMs: 60_000, unackedRestoreInterval: 20 };
    await raw.lpush(`${prefix}q`, envelope('x'), 'no envelope');
    for (let count = 0; count < 3; count++) {
      const store = await open(options);
      const taken = await take(store, 'q');
      expect(taken.map(({ deliveryCount }) => deliveryCount)[1]).toBe(count === 0 ? undefined : count);
      const header = /"x-delivery-count": (\d+)/.exec(taken[0]?.payload ?? '')?.[1];
      expect(header).toBe(count === 0 ? undefined : String(count));
      await store.close();
      await expireAll();
      await take(await open(options), 'other');
      await until('both are ready again', async () => (await raw.llen(`${prefix}q`)) === 2);
    }
  });

  it('R32: what is finished after the link broke is lease-lost, and its message comes again with a mark', async () => {
    const options = { globalKeyprefix: prefix, leaseMs: 400, unackedRestoreInterval: 20, clientName: prefix };
    await using connection = connectTo(url, options);
    const ends: string[] = [];
    await connection.consume(new Queue<string>('q'), async (_, message) => {
      const { redelivered } = message.deliveryInfo;
      if (!redelivered) {
        for (const id of await connectionsNamed(raw, prefix)) await raw.client('KILL', 'ID', id);
        await until('the link is gone', () => !connection.connected || ends.length > 0);
      }
      ends.push(`${redelivered ? 'again' : 'first'} ${await message.ack()}`);
    });
    await raw.lpush(`${prefix}q`, envelope('x'));
    await until('it is settled', async () => ends.length === 2 && (await keysOf(raw, prefix)).length === 0);
    expect(ends).toEqual(['first lease-lost', 'again ok']);
  });

  it('R32: of an ack and a release of one message at the same time one is lease-lost, and it ends in one place', async () => {
    const store = await open();
    await store.put(
      'q',
      Array.from({ length: 100 }, (_, index) => outgoing(`m${index}`)),
    );
    const receipts = receiptsOf(await take(store, 'q'));
    const both = await Promise.all(
      receipts.flatMap((receipt, index) => {
        const ack = (): ReturnType<RedisStore['ack']> => store.ack('q', [receipt]);
        const release = (): ReturnType<RedisStore['ack']> =>
          store.release?.('q', [receipt], { delayMs: 0 }) ?? Promise.resolve();
        return index % 2 === 0 ? [ack(), release()] : [release(), ack()];
      }),
    );
    const outcomes = both.flatMap((outcome) => outcome ?? []);
    expect(outcomes.filter((outcome) => outcome === 'ok')).toHaveLength(100);
    const acked = receipts.filter((_, index) => outcomes[2 * index + (index % 2)] === 'ok').length;
    expect(await raw.llen(`${prefix}q`)).toBe(100 - acked);
    expect(await keysOf(raw, `${prefix}unacked`)).toEqual([]);
  });

  it('R35: messages of random priorities come highest first, and first in first out within a step', async () => {
    const store = await open({ prioritySteps: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] });
    const messages = Array.from({ length: 300 }, (_, index) => {
      return outgoing(String(index), { priority: Math.floor(Math.random() * 10) });
    });
    await store.put('q', messages);
    const got: string[] = [];
    for (let some = await take(store, 'q', 7); some.length > 0; some = await take(store, 'q', 7)) {
      got.push(...some.map(({ payload }) => payload));
      await store.ack('q', receiptsOf(some));
    }
    const expected = messages.toSorted((a, b) => b.priority - a.priority).map(({ payload }) => payload);
    expect(got).toEqual(expected);
  });
});
