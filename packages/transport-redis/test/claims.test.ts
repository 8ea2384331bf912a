import { describeService } from '@kombu/services';
import type { Redis } from 'ioredis';
import type { RedisTransportOptions } from '../src/options.ts';
import type { RedisStore } from '../src/store.ts';
import { envelope, outgoing, receiptsOf, take } from './support/messages.ts';
import { connectRaw, keysOf, withScores } from './support/raw.ts';
import { newPrefix, openTestStore } from './support/stores.ts';
import { until } from '@kombu/test-kit';

await describeService('redis', 'messages in Redis', ({ url }) => {
  let raw: Redis;
  let prefix: string;
  const stores: RedisStore[] = [];

  async function open(options: RedisTransportOptions = {}): Promise<RedisStore> {
    const store = await openTestStore(url, { globalKeyprefix: prefix, ...options });
    stores.push(store);
    return store;
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

  it("lie in Kombu's lists, the newest at the head", async () => {
    const store = await open();
    await store.put('q', [
      outgoing('a'),
      outgoing('b'),
      outgoing('urgent', { priority: 9 }),
      outgoing('c', { priority: 2 }),
    ]);
    expect(await keysOf(raw, prefix)).toEqual(['q', 'q\u0006\u00169']);
    expect(await raw.lrange(`${prefix}q`, 0, -1)).toEqual(['c', 'b', 'a']);
    expect(await raw.lrange(`${prefix}q\u0006\u00169`, 0, -1)).toEqual(['urgent']);
  });

  it("are recorded in Kombu's form while they are with a consumer, and routed back into this very queue", async () => {
    const store = await open({ leaseMs: 30_000 });
    const payload = envelope('tag', {}, 'shop', 'key');
    await raw.lpush(`${prefix}grüße "q"`, payload);
    const before = Date.now() / 1000;
    const [message] = await take(store, 'grüße "q"');
    expect(message?.payload).toBe(payload);
    const records = await raw.hgetall(`${prefix}unacked`);
    expect(Object.values(records)).toEqual([`[${payload}, "", "gr\\u00fc\\u00dfe \\"q\\""]`]);
    const [claim, score] = await withScores(raw, `${prefix}unacked_index`);
    expect(Object.keys(records)).toEqual([claim]);
    // Whoever adds the visibility timeout of an hour to it knows when the lease of 30 seconds ends.
    expect(Number(score) + 3600 - before).toBeGreaterThan(29);
    expect(Number(score) + 3600 - before).toBeLessThan(31 + (Date.now() / 1000 - before));
    await store.ack('grüße "q"', receiptsOf([message]));
    expect(await keysOf(raw, prefix)).toEqual([]);
  });

  it('are not lost when they cannot be recorded', async () => {
    const store = await open();
    await store.put('q', [outgoing('a'), outgoing('b'), outgoing('c', { priority: 9 })]);
    await raw.set(`${prefix}unacked`, 'somebody uses this key');
    await expect(take(store, 'q')).rejects.toThrow('WRONGTYPE');
    expect(await raw.lrange(`${prefix}q`, 0, -1)).toEqual(['b', 'a']);
    expect(await raw.lrange(`${prefix}q\u0006\u00169`, 0, -1)).toEqual(['c']);
    expect(await raw.exists(`${prefix}unacked_index`)).toBe(0);
  });

  it('keep their bytes when they are given back, and their places', async () => {
    const store = await open();
    const odd =
      '{"body": "\\u00fc ü 🎈", "headers": {"n": NaN, "big": 12345678901234567890}, "properties": {"delivery_info": {}}}';
    await raw.lpush(`${prefix}q`, odd, 'no envelope', Buffer.from([0xff, 0x00, 0xfe]));
    const taken = await take(store, 'q');
    expect(await store.release?.('q', receiptsOf(taken), { delayMs: 0 })).toEqual(['ok', 'ok', 'ok']);
    const [third, second, first] = await raw.lrangeBuffer(`${prefix}q`, 0, -1);
    expect(third).toEqual(Buffer.concat([Buffer.from([0xff, 0x00, 0xfe]), Buffer.from('\0redelivered:1')]));
    expect(String(second)).toBe('no envelope\0redelivered:1');
    expect(String(first)).toBe(
      odd
        .replace('"headers": {', '"headers": {"redelivered": true, "x-delivery-count": 1, ')
        .replace('info": {}', 'info": {"redelivered": true}'),
    );
    expect(await keysOf(raw, `${prefix}unacked`)).toEqual([]);
  });

  it('of copies with one delivery tag are told apart', async () => {
    const store = await open();
    await raw.lpush(`${prefix}one`, envelope('same'));
    await raw.lpush(`${prefix}two`, envelope('same'));
    const [one] = await take(store, 'one');
    const [two] = await take(store, 'two');
    expect(await raw.hlen(`${prefix}unacked`)).toBe(2);
    await store.ack('one', receiptsOf([one]));
    expect(await raw.hvals(`${prefix}unacked`)).toEqual([expect.stringMatching(/"two"\]$/)]);
    await store.ack('two', receiptsOf([two]));
  });

  it('that are with a consumer go with their queue, those of others stay', async () => {
    const [store, other] = [await open(), await open()];
    await store.put('q', [outgoing('a')]);
    await store.put('kept', [outgoing('b')]);
    const [gone] = await take(other, 'q');
    await take(store, 'kept');
    await store.delete('q');
    expect(await other.ack('q', receiptsOf([gone]))).toEqual(['lease-lost']);
    expect(await raw.hlen(`${prefix}unacked`)).toBe(1);
  });

  it.each([1, 3])(
    'R21: messages of the dead come back by thousands, each once, while %i processes restore them',
    async (processes) => {
      const count = 1500;
      const options = { leaseMs: 200, unackedRestoreInterval: 50 };
      const dead = await openTestStore(url, { globalKeyprefix: prefix, ...options, unackedRestoreInterval: 3_600_000 });
      await dead.put(
        'q',
        Array.from({ length: count }, (_, index) => outgoing(envelope(`t${index}`))),
      );
      expect(await take(dead, 'q', count)).toHaveLength(count);
      await dead.close();
      const last = (await withScores(raw, `${prefix}unacked_index`)).at(-1);
      await until('all leases are over', () => Number(last) + 3600 < Date.now() / 1000);
      for (let index = 0; index < processes; index++) await take(await open(options), 'another', 1);
      await until('all messages are ready again', async () => (await raw.llen(`${prefix}q`)) === count);
      const tags = (await raw.lrange(`${prefix}q`, 0, -1)).map((text) => /"delivery_tag":"t(\d+)"/.exec(text)?.[1]);
      const expected = Array.from({ length: count }, (_, index) => String(index));
      if (processes === 1) expect(tags.toReversed()).toEqual(expected);
      else expect(new Set(tags)).toEqual(new Set(expected));
      expect(await keysOf(raw, `${prefix}unacked`)).toEqual([]);
    },
  );

  it('that a Python process took are restored through the bindings, by its timeout', async () => {
    const options = { visibilityTimeout: 60_000, leaseMs: 1000, unackedRestoreInterval: 50 };
    const store = await open(options);
    // As Kombu 5.7.0 writes them.
    await raw.sadd(`${prefix}_kombu.binding.shop`, 'order.*.new\u0006\u0016^order\\.[^\\.]+\\.new$\u0006\u0016orders');
    await raw.sadd(`${prefix}_kombu.binding.shop`, 'plain\u0006\u0016\u0006\u0016other');
    const now = Date.now() / 1000;
    const [dead, live] = [now - 61, now - 30];
    for (const [tag, score, key] of [
      ['dead', dead, 'order.x.new'],
      ['live', live, 'order.x.new'],
      ['none', dead, 'x'],
    ] as const) {
      const payload = envelope(tag, { priority: 4 }, 'shop', key).replaceAll('":', '": ');
      await raw.zadd(`${prefix}unacked_index`, score, tag);
      await raw.hset(`${prefix}unacked`, tag, `[${payload}, "shop", "${key}"]`);
    }
    await take(store, 'orders');
    const list = `${prefix}orders\u0006\u00163`;
    await until('the message is back', async () => (await raw.llen(list)) === 1);
    expect(JSON.parse((await raw.lindex(list, 0)) ?? '')).toMatchObject({
      headers: { redelivered: true },
      properties: { delivery_tag: 'dead', delivery_info: { redelivered: true } },
    });
    // Kombu would have lost the one that no queue is bound for.
    expect((await raw.hkeys(`${prefix}unacked`)).toSorted()).toEqual(['live', 'none']);
    expect(Number(await raw.zscore(`${prefix}unacked_index`, 'none'))).toBeGreaterThan(now - 5);
  });

  it('without ackEmulation are settled when they are delivered', async () => {
    const store = await open({ ackEmulation: false });
    expect([store.release, store.renew, store.leaseMs]).toEqual([undefined, undefined, undefined]);
    await store.put('q', [outgoing('a')]);
    const [message] = await take(store, 'q');
    expect(message?.payload).toBe('a');
    expect(await keysOf(raw, prefix)).toEqual([]);
    expect(await store.ack('q', receiptsOf([message]))).toBeUndefined();
  });

  it('that are delayed become ready by any process, for Python consumers too', async () => {
    const [store] = [await open(), await open()];
    await store.put('q', [
      outgoing('soon', { delayMs: 30, priority: 9 }),
      outgoing('late', { delayMs: 3_600_000 }),
      outgoing('now'),
    ]);
    await store.close();
    await until('the message is ready', async () => (await raw.llen(`${prefix}q\u0006\u00169`)) === 1);
    expect(await raw.lrange(`${prefix}q`, 0, -1)).toEqual(['now']);
    const [late, due] = await withScores(raw, `${prefix}_kombu.delayed.q`);
    expect(late).toMatch(/^0:[\w-]+:late$/);
    await until('the plan says when the next one is due', async () => {
      return (await raw.zscore(`${prefix}_kombu.delays`, 'q')) === due;
    });
  });
});
