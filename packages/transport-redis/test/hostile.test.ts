import { describeService } from '@kombu/services';
import type { Redis } from 'ioredis';
import { redisTransport } from '../src/index.ts';
import type { RedisTransportOptions } from '../src/options.ts';
import type { RedisStore } from '../src/store.ts';
import { envelope, outgoing, receiptsOf, take } from './support/messages.ts';
import { connectRaw, keysOf } from './support/raw.ts';
import { newPrefix, openTestStore } from './support/stores.ts';
import { never, until } from '@kombu/test-kit';

const nine = '\u0006\u00169';

function withoutMarks(payload: string): string {
  return payload.replaceAll(/"redelivered": true(, )?|"x-delivery-count": \d+(, )?/g, '');
}

await describeService('redis', 'what others wrote under our keys', ({ url }) => {
  let raw: Redis;
  let prefix: string;
  const stores: RedisStore[] = [];

  async function open(options: RedisTransportOptions = {}): Promise<RedisStore> {
    const store = await openTestStore(url, { globalKeyprefix: prefix, ...options });
    stores.push(store);
    return store;
  }

  /** Claims whose lease is over, as a process that died leaves them: the first is the oldest. */
  async function leave(records: Readonly<Record<string, string>>): Promise<void> {
    const long = Date.now() / 1000 - 100_000;
    for (const [index, [claim, record]] of Object.entries(records).entries()) {
      await raw.hset(`${prefix}unacked`, claim, record);
      await raw.zadd(`${prefix}unacked_index`, long + index, claim);
    }
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

  it.each([true, false])(
    'is no list: messages of other priorities are taken first, then the error (noAck: %s)',
    async (noAck) => {
      const store = await open();
      await raw.lpush(`${prefix}q${nine}`, 'urgent');
      await raw.set(`${prefix}q`, 'somebody uses this key');
      const look = { max: 5, waitMs: 0, noAck, signal: never };
      expect((await store.get('q', look)).map(({ payload }) => payload)).toEqual(['urgent']);
      const reason: unknown = await store.get('q', look).catch((error: unknown) => error);
      expect(redisTransport.classify(reason)).toBe('PRECONDITION_FAILED');
    },
  );

  it('does not keep overdue messages of other queues from being restored', async () => {
    await raw.set(`${prefix}broken`, 'somebody uses this key');
    await raw.set(`${prefix}_kombu.binding.broken`, 'this one too');
    await leave({
      good: `[${envelope('good')}, "", "good"]`,
      garbage: '\0\xff{"',
      noRecord: '',
      // Python took it, and its exchange cannot be read.
      python: `[${envelope('python')}, "broken", "key"]`,
      poison: `[${envelope('poison')}, "", "broken"]`,
    });
    await raw.hdel(`${prefix}unacked`, 'noRecord');
    await take(await open({ unackedRestoreInterval: 20, unackedRestoreLimit: 1 }), 'other');
    await until('the good one is back', async () => (await raw.llen(`${prefix}good`)) === 1);
    // Nothing that could be a message is dropped.
    expect((await raw.hkeys(`${prefix}unacked`)).toSorted()).toEqual(['poison', 'python']);
  });

  it('does not keep delayed messages of other priorities and queues from coming', async () => {
    const store = await open();
    await raw.set(`${prefix}broken${nine}`, 'somebody uses this key');
    await store.put('broken', [outgoing('never', { delayMs: 1, priority: 9 }), outgoing('a', { delayMs: 2 })]);
    await store.put('good', [outgoing('b', { delayMs: 20 })]);
    await until('both are ready', async () => (await raw.exists(`${prefix}broken`, `${prefix}good`)) === 2);
    expect(await raw.zcard(`${prefix}_kombu.delayed.broken`)).toBe(1);
  });

  it.each([
    ['no tag', '{"body": "x", "headers": {}, "properties": {"delivery_info": {}}}'],
    ['broken JSON', '{"body": "x", "headers": {"a'],
    ['an empty text', ''],
    ['NUL and half a character', 'a\0b\xff\xfe'],
    ['unicode', '"🎈 \u2028 é"'],
    ['a prototype', '{"__proto__": {"x": 1}, "headers": {"__proto__": {"y": 2}}, "properties": {}}'],
    ['the mark of another', 'x\0redelivered:999999999'],
    ['many priorities', `{"properties": {"priority": ${'9'.repeat(10_000)}}}`],
  ])('is a message of whatever text: it can be taken, given back and settled (%s)', async (_, text) => {
    const store = await open();
    const bytes = Buffer.from(text, 'latin1');
    await raw.lpush(`${prefix}q`, bytes);
    const first = await take(store, 'q');
    expect(await store.release?.('q', receiptsOf(first), { delayMs: 0 })).toEqual(['ok']);
    const again = await take(store, 'q');
    expect(again.map(({ payload }) => withoutMarks(payload))).toEqual(first.map(({ payload }) => payload));
    expect(await store.ack('q', receiptsOf(again))).toEqual(['ok']);
    expect(await keysOf(raw, prefix)).toEqual([]);
    expect(Object.prototype).not.toHaveProperty('x');
  });

  it('is a message of many megabytes: it is given back, and restored', async () => {
    const store = await open({ unackedRestoreInterval: 20 });
    const args = ['x', 'y'.repeat(20_000_000)];
    await raw.lpush(`${prefix}q`, envelope('big').replace('"headers":{}', `"headers":{"a": ${JSON.stringify(args)}}`));
    expect(await store.release?.('q', receiptsOf(await take(store, 'q')), { delayMs: 0 })).toEqual(['ok']);
    await take(store, 'q');
    const [claim = ''] = await raw.hkeys(`${prefix}unacked`);
    await raw.zadd(`${prefix}unacked_index`, 1, claim);
    await until('it is ready again', async () => (await raw.llen(`${prefix}q`)) === 1);
    const [back] = await raw.lrange(`${prefix}q`, 0, 0);
    expect(back?.slice(0, 400)).toContain('"x-delivery-count": 2');
  });
});
