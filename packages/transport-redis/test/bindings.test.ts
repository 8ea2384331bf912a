import { Connection, Exchange, Queue } from '@kombu/core';
import { describeService } from '@kombu/services';
import type { Redis } from 'ioredis';
import { redisTransport } from '../src/index.ts';
import { connectRaw, keysOf, watchCommands } from './support/raw.ts';
import { newPrefix, openTestStore } from './support/stores.ts';

function row(pattern: string): string {
  return `a.*.c\u0006\u0016${pattern}\u0006\u0016q`;
}

await describeService('redis', 'bindings', ({ url }) => {
  let raw: Redis;
  const prefix = newPrefix();
  const options = { transport: redisTransport, transportOptions: { globalKeyprefix: prefix } };

  beforeAll(async () => {
    raw = await connectRaw(url);
  });
  afterEach(async () => {
    const left = await raw.keys(`${prefix}*`);
    if (left.length > 0) await raw.del(left);
  });
  afterAll(() => raw.quit());

  it('are asked for once, and a publish then takes one command', async () => {
    await using connection = new Connection(url, options);
    const shop = new Exchange('shop', { type: 'topic' });
    const producer = connection.producer({ exchange: shop });
    const queue = new Queue('orders', { exchange: shop, routingKey: 'order.*' });
    await producer.publish('first', { routingKey: 'order.new', declare: [queue] });
    const { seen, stop } = await watchCommands(url, prefix);
    for (let round = 0; round < 5; round++) await producer.publish('next', { routingKey: 'order.new' });
    await raw.lpush(`${prefix}end`, 'x');
    stop();
    expect(seen.map((line) => line.split(' ')[0]?.toLowerCase()).filter((name) => name !== '"lpush"')).toEqual([]);
  });

  it('R28: of two processes that bind and unbind meanwhile make a publish routed or unroutable, nothing else', async () => {
    await using binding = new Connection(url, options);
    await using publishing = new Connection(url, options);
    const exchange = new Exchange('flapping', { type: 'direct' });
    const queue = new Queue('q', { exchange, routingKey: 'k' });
    await exchange.declare(binding);
    await queue.declare(binding);
    const producer = publishing.producer({ exchange });
    await exchange.declare(publishing);
    const over = new AbortController();
    const flapping = (async () => {
      for (let round = 0; round < 150; round++) {
        await queue.unbindFrom(exchange, { routingKey: 'k' }, binding);
        await queue.bindTo(exchange, { routingKey: 'k' }, binding);
      }
      over.abort();
    })();
    const ends = { routed: 0, unroutable: 0 };
    while (!over.signal.aborted) {
      const publish = producer.publish('x', { routingKey: 'k', mandatory: true });
      const end = await publish.then(
        () => 'routed' as const,
        (error: { code?: string }) => error.code,
      );
      if (end === 'routed') ends.routed += 1;
      else if (end === 'UNROUTABLE') ends.unroutable += 1;
      else throw new Error(`A publish ended with ${end}`);
    }
    await flapping;
    expect(await raw.llen(`${prefix}q`)).toBe(ends.routed);
    expect(ends.routed).toBeGreaterThan(0);
  });

  it('that Kombu 5.7 or 5.6 made are taken away as well', async () => {
    const store = await openTestStore(url, { globalKeyprefix: prefix });
    const table = `${prefix}_kombu.binding.shop`;
    await raw.sadd(table, row('^a\\.[^\\.]+\\.c$'), row('^a\\..*?[^\\.]\\.c$'), row('^other$'));
    await raw.sadd(`${prefix}_kombu.binding_permanent.shop`, row('^a\\.[^\\.]+\\.c$'));
    const binding = {
      exchange: 'shop',
      destination: 'q',
      destinationType: 'queue',
      routingKey: 'a.*.c',
      arguments: {},
    } as const;
    expect(await store.bindings.list('shop', 'topic')).toEqual([binding]);
    await store.bindings.remove(binding);
    expect(await raw.smembers(table)).toEqual([row('^other$')]);
    await store.bindings.removeQueue('q');
    expect((await keysOf(raw, prefix)).filter((key) => !key.includes('binding.shop'))).toEqual([]);
    await store.close();
  });
});
