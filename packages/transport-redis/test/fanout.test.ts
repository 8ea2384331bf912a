import { Connection, Exchange, Queue } from '@kombu/core';
import type { QueueDeclaration } from '@kombu/core/spi';
import { describeService } from '@kombu/services';
import type { Redis } from 'ioredis';
import { redisTransport } from '../src/index.ts';
import type { RedisTransportOptions } from '../src/options.ts';
import type { RedisStore } from '../src/store.ts';
import { outgoing } from './support/messages.ts';
import { connectRaw, connectionsNamed, keysOf, membersOf } from './support/raw.ts';
import { newPrefix, openTestStore } from './support/stores.ts';
import { never, until } from '@kombu/test-kit';

// As Kombu 5.7.0 published it.
const ofPython =
  '{"body": "eyJuZXdzIjogMX0=", "content-encoding": "utf-8", "content-type": "application/json", "headers": {}, "properties": {"delivery_mode": 2, "delivery_info": {"exchange": "news", "routing_key": ""}, "priority": 0, "body_encoding": "base64", "delivery_tag": "4c9f12a7-a063-4c65-9534-2998fb21aeb7"}}';

async function bind(store: RedisStore, queue: string, parts: Partial<QueueDeclaration> = {}): Promise<void> {
  const declaration = { durable: true, exclusive: false, autoDelete: false, arguments: {}, passive: false, ...parts };
  await store.declare({ name: queue, ...declaration });
  const binding = {
    exchange: 'news',
    destination: queue,
    destinationType: 'queue',
    routingKey: '',
    arguments: {},
  } as const;
  await store.bindings.add(binding, 'fanout');
}

async function boundQueues(store: RedisStore): Promise<readonly string[]> {
  return (await store.bindings.list('news', 'fanout')).map(({ destination }) => destination).toSorted();
}

await describeService('redis', 'fan-out', ({ url }) => {
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

  it('leads to the queues that are fed, not to those that Python processes only listen for', async () => {
    const store = await open();
    // A consumer of Kombu 5.7.0 on a fanout exchange.
    await raw.sadd(`${prefix}_kombu.binding.news`, '\u0006\u0016\u0006\u0016pynews');
    await bind(store, 'ours');
    expect(await boundQueues(store)).toEqual(['ours']);
    expect((await raw.smembers(`${prefix}_kombu.binding.news`)).toSorted()).toEqual([
      '\u0006\u0016\u0006\u0016ours',
      '\u0006\u0016\u0006\u0016pynews',
    ]);
  });

  it("is broadcast on Kombu's channels too, for Python processes", async () => {
    const store = await open();
    const listener = raw.duplicate();
    const heard: string[] = [];
    listener.on('pmessage', (_pattern: string, channel: string, message: string) => heard.push(channel, message));
    await listener.psubscribe(`${prefix}/0.news*`);
    const counts = await store.broadcast('news', [
      { payload: '{"a":1}', routingKey: '' },
      { payload: '{"b":2}', routingKey: 'some.key' },
    ]);
    expect(counts).toEqual([1, 1]);
    await until('both are heard', () => heard.length === 4);
    expect(heard).toEqual([`${prefix}/0.news`, '{"a":1}\n', `${prefix}/0.news/some.key`, '{"b":2}\n']);
    expect(JSON.parse(heard[1] ?? '')).toEqual({ a: 1 });
    listener.disconnect();
  });

  it('brings what Python publishes into the queues that are consumed, once however many processes consume', async () => {
    const consumers = [await open(), await open(), await open()];
    for (const store of consumers) await bind(store, 'shared');
    const [first] = consumers;
    await bind(first as RedisStore, 'other');
    await bind(first as RedisStore, 'unread');
    for (const store of consumers) await store.subscribe('shared');
    await first?.subscribe('other');
    expect(await raw.publish(`${prefix}/0.news`, ofPython)).toBe(3);
    expect(
      await raw.publish(
        `${prefix}/0.news/key`,
        ofPython.replace('4c9f', '5c9f').replace('"priority": 0', '"priority": 9'),
      ),
    ).toBe(3);
    await until('both are in both queues', async () => {
      const lengths = await Promise.all(
        ['shared', 'shared\u0006\u00169', 'other', 'other\u0006\u00169'].map((each) => raw.llen(prefix + each)),
      );
      return lengths.every((length) => length > 0);
    });
    // All consumers have handled it when their own next commands are answered.
    for (const store of consumers) await store.size('shared');
    const taken = (await first?.get('shared', { max: 10, waitMs: 0, noAck: true, signal: never })) ?? [];
    expect(taken.map(({ payload }) => payload)).toEqual([expect.stringContaining('5c9f'), ofPython]);
    expect(await raw.llen(`${prefix}unread`)).toBe(0);
  });

  it('does not bring what is in the queues already, nor what belongs to an exchange of a longer name', async () => {
    const store = await open();
    await bind(store, 'q');
    await store.subscribe('q');
    await store.broadcast('news', [{ payload: ofPython, routingKey: '' }]);
    await raw.publish(`${prefix}/0.news/sports`, ofPython.replace('"exchange": "news"', '"exchange": "news/sports"'));
    await raw.publish(`${prefix}/0.news`, 'no envelope');
    await until('the last one is there', async () => (await raw.llen(`${prefix}q`)) > 0);
    expect(await raw.lrange(`${prefix}q`, 0, -1)).toEqual(['no envelope']);
  });

  it('listens no longer when the binding or the queue is gone', async () => {
    const store = await open();
    await bind(store, 'q');
    await store.subscribe('q');
    expect(await raw.publish(`${prefix}/0.news`, ofPython)).toBe(1);
    await store.bindings.removeQueue('q');
    expect(await raw.publish(`${prefix}/0.news`, ofPython)).toBe(0);
    expect(await boundQueues(store)).toEqual([]);
  });

  it('R29: queues whose owner is silent go with their bindings, and those of the living stay', async () => {
    const store = await open();
    await bind(store, 'exclusive', { exclusive: true, durable: false });
    await bind(store, 'expiring', { arguments: { 'x-expires': 90_000 } });
    await bind(store, 'broadcast', { autoDelete: true });
    await bind(store, 'durable');
    const deadlines = `${prefix}_kombu.queue_deadlines`;
    // An auto-delete queue that nobody has consumed yet stays for whoever will.
    expect((await membersOf(raw, deadlines)).toSorted()).toEqual(['exclusive', 'expiring']);
    await store.subscribe('broadcast');
    expect((await membersOf(raw, deadlines)).toSorted()).toEqual(['broadcast', 'exclusive', 'expiring']);
    const message = { payload: 'x', priority: 0, delayMs: 0, expiresAt: undefined, properties: {} };
    for (const queue of ['exclusive', 'expiring', 'durable']) await store.put(queue, [message]);
    expect(await raw.pttl(`${prefix}expiring`)).toBeGreaterThan(80_000);
    expect(await boundQueues(store)).toEqual(['broadcast', 'durable', 'exclusive', 'expiring']);

    const other = await open();
    await store.close();
    // What a crashed owner leaves, some minutes later.
    const fed = (await membersOf(raw, `${prefix}_kombu.fanout.news`)).filter((row) => !row.includes('durable'));
    for (const row of fed) await raw.zadd(`${prefix}_kombu.fanout.news`, 'XX', 1, row);
    expect(await boundQueues(other)).toEqual(['durable']);
    for (const queue of ['exclusive', 'expiring', 'broadcast']) await raw.zadd(deadlines, 'XX', 1, queue);
    await other.sweep();
    expect(await keysOf(raw, prefix)).toEqual([
      '_kombu.binding.news',
      '_kombu.binding_deadlines',
      '_kombu.binding_permanent.news',
      '_kombu.bound.durable',
      '_kombu.fanout.news',
      'durable',
    ]);
    expect(await raw.smembers(`${prefix}_kombu.binding.news`)).toEqual(['\u0006\u0016\u0006\u0016durable']);
  });

  it('that is ephemeral reaches who listens, and nothing is kept', async () => {
    const store = await open({ fanout: 'ephemeral' });
    await bind(store, 'radio');
    const get = { max: 10, waitMs: 5000, noAck: false, signal: never };
    await raw.publish(`${prefix}/0.news`, ofPython);
    expect(await store.subscribe('radio')).toEqual({ ephemeral: true });
    expect(await store.bindings.list('news', 'fanout')).toEqual([]);
    expect(await raw.exists(`${prefix}_kombu.fanout.news`)).toBe(0);

    const answer = store.get('radio', get);
    expect(await store.broadcast('news', [{ payload: 'mine', routingKey: 'key' }])).toEqual([1]);
    expect((await answer).map(({ payload }) => payload)).toEqual(['mine']);
    await raw.publish(`${prefix}/0.news`, ofPython);
    await raw.publish(`${prefix}/0.news`, 'of a durable publisher\n');
    await until('both are heard', async () => (await store.size('radio')) === 2);
    const taken = await store.get('radio', get);
    expect(taken.map(({ payload }) => payload)).toEqual([ofPython, 'of a durable publisher']);
    const receipts = [...(await answer), ...taken].map(({ receipt }) => receipt);
    expect(await store.renew?.('radio', receipts)).toEqual(['ok', 'ok', 'ok']);
    expect(await store.ack('radio', receipts.slice(0, 1))).toEqual(['ok']);
    expect(await store.release?.('radio', receipts, { delayMs: 0 })).toEqual(['lease-lost', 'ok', 'ok']);
    expect((await store.get('radio', get)).map(({ payload, deliveryCount }) => [payload, deliveryCount])).toEqual([
      [ofPython, 1],
      ['of a durable publisher', 1],
    ]);
    expect(await keysOf(raw, prefix)).toEqual([
      '_kombu.binding.news',
      '_kombu.binding_permanent.news',
      '_kombu.bound.radio',
    ]);
  });

  it('that is ephemeral takes messages by the name of the queue too', async () => {
    const store = await open({ fanout: 'ephemeral' });
    await bind(store, 'radio');
    await store.subscribe('radio');
    await raw.lpush(`${prefix}radio`, 'direct');
    await store.broadcast('news', [{ payload: 'cast', routingKey: '' }]);
    await until('both are there', async () => (await store.size('radio')) === 2);
    const get = { max: 10, waitMs: 0, noAck: false, signal: never };
    const taken = [...(await store.get('radio', get)), ...(await store.get('radio', get))];
    expect(taken.map(({ payload }) => payload)).toEqual(['cast', 'direct']);
    expect(await store.ack('radio', taken.map(({ receipt }) => receipt).toReversed())).toEqual(['ok', 'ok']);
    expect(await keysOf(raw, `${prefix}unacked`)).toEqual([]);
  });

  it('R36: ephemeral fan-out tells of the gap that a broken link leaves', async () => {
    const options = { transport: redisTransport, recovery: { intervalStart: 5, intervalMax: 20 } };
    const transportOptions = { globalKeyprefix: prefix, fanout: 'ephemeral', clientName: prefix };
    const logger = { debug() {}, info() {}, warn() {}, error() {} };
    await using connection = new Connection(url, { ...options, transportOptions, logger });
    const gaps: unknown[] = [];
    connection.on('gap', ({ queue }) => gaps.push(queue));
    const radio = new Queue<string>('radio', { exchange: new Exchange('news', { type: 'fanout' }) });
    const got: string[] = [];
    await connection.consume(radio, async (body, message) => {
      got.push(body);
      await message.ack();
    });
    const producer = connection.producer({ exchange: radio.exchange });
    await producer.publish('before', { declare: [radio] });
    await until('the first is heard', () => got.length === 1);
    for (const id of await connectionsNamed(raw, prefix)) await raw.client('KILL', 'ID', id);
    await until('the gap is told of', () => gaps.length === 1);
    await producer.publish('after', { declare: [radio] });
    await until('the second is heard', () => got.length === 2);
    expect([gaps, got]).toEqual([['radio'], ['before', 'after']]);
  });

  it('R29: of a thousand crashed clients nothing is left, and each queue is removed by one process', async () => {
    const crashed = await open();
    const expiring = { 'x-expires': 86_400_000 };
    await bind(crashed, 'kept', { exclusive: true, arguments: expiring });
    await Promise.all(
      Array.from({ length: 1000 }, async (_, index) => {
        const name = `reply-${index}`;
        const parts = { durable: false, exclusive: true, autoDelete: false, arguments: {}, passive: false };
        if (index % 20 === 0) await bind(crashed, name, parts);
        else await crashed.declare({ name, ...parts });
        await crashed.put(name, [outgoing('an answer'), outgoing('a late one', { delayMs: 3_600_000 })]);
      }),
    );
    await crashed.close();
    const deadlines = `${prefix}_kombu.queue_deadlines`;
    // Five minutes after the last word of their owner; the queue that lives for a day waits for a day.
    const until_ = Number(await raw.zscore(deadlines, 'reply-0')) - Date.now();
    expect(until_).toBeLessThan(600_000);
    expect(Number(await raw.zscore(deadlines, 'kept')) - Date.now()).toBeGreaterThan(80_000_000);
    for (const name of await membersOf(raw, deadlines)) if (name !== 'kept') await raw.zadd(deadlines, 1, name);
    const removed: string[] = [];
    const info = (text: string): void => void (text.includes('is removed') && removed.push(text));
    const logger = { debug() {}, info, warn() {}, error() {} };
    const sweepers = await Promise.all(
      [0, 1, 2].map(() => openTestStore(url, { globalKeyprefix: prefix }, { logger })),
    );
    stores.push(...sweepers);
    while ((await raw.zcard(deadlines)) > 1) await Promise.all(sweepers.map((store) => store.sweep()));
    expect([removed.length, new Set(removed).size]).toEqual([1000, 1000]);
    const left = await keysOf(raw, prefix);
    expect(left.filter((key) => key.includes('reply-'))).toEqual([]);
    expect(await membersOf(raw, `${prefix}_kombu.fanout.news`)).toHaveLength(1);
    expect(await raw.smembers(`${prefix}_kombu.binding.news`)).toHaveLength(1);
  }, 60_000);

  it('R36: durable fan-out reaches all, also who is slow and whose link breaks', async () => {
    const options = { transport: redisTransport, recovery: { intervalStart: 5, intervalMax: 20 } };
    const logger = { debug() {}, info() {}, warn() {}, error() {} };
    const connect = (clientName: string): Connection =>
      new Connection(url, { ...options, transportOptions: { globalKeyprefix: prefix, clientName }, logger });
    const news = new Exchange('news', { type: 'fanout' });
    const names = ['quick', 'slow', 'cut'];
    const connections = names.map((name) => connect(prefix + name));
    const got = names.map(() => new Set<string>());
    for (const [index, name] of names.entries()) {
      const queue = new Queue<string>(name, { exchange: news });
      await connections[index]?.consume(
        queue,
        async (body, message) => {
          got[index]?.add(body);
          if (name === 'slow') await new Promise(setImmediate);
          await message.ack();
        },
        { prefetch: 20 },
      );
    }
    await using publishing = connect('publisher');
    const producer = publishing.producer({ exchange: news });
    const bodies = Array.from({ length: 1000 }, (_, index) => `m${index}`);
    const publishes = bodies.map((body) => producer.publish(body, { declare: [news] }));
    for (const id of await connectionsNamed(raw, `${prefix}cut`)) await raw.client('KILL', 'ID', id);
    await Promise.all(publishes);
    await until('all have got all', () => got.every(({ size }) => size === bodies.length));
    await Promise.all(connections.map((connection) => connection.close()));
  });

  it('asks again for channels that it was refused', async () => {
    await raw.call('ACL', 'SETUSER', 'deaf', 'on', '>secret', '~*', '+@all', 'resetchannels', '&__redis__:invalidate');
    try {
      const user = url.replace('redis://', 'redis://deaf:secret@');
      const store = await openTestStore(user, { globalKeyprefix: prefix });
      stores.push(store);
      await bind(store, 'q');
      for (let turn = 0; turn < 2; turn++) await expect(store.subscribe('q')).rejects.toThrow('NOPERM');
    } finally {
      await raw.call('ACL', 'DELUSER', 'deaf');
    }
  });

  it("keeps to Kombu 5.7's times of binding tables", async () => {
    const store = await open();
    await bind(store, 'expiring', { arguments: { 'x-expires': 4 * 3_600_000 } });
    const until8h = Number(await raw.zscore(`${prefix}_kombu.binding_deadlines`, 'news')) - Date.now();
    expect(Math.abs(until8h - 8 * 3_600_000)).toBeLessThan(60_000);
    expect(await raw.exists(`${prefix}_kombu.binding_permanent.news`)).toBe(0);
    await bind(store, 'durable');
    expect(await raw.smembers(`${prefix}_kombu.binding_permanent.news`)).toEqual(['\u0006\u0016\u0006\u0016durable']);
  });
});
