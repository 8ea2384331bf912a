import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Connection, Exchange, Queue } from '@kombu/core';
import { describeService } from '@kombu/services';
import { azureStorageQueueTransport } from '../src/index.ts';
import type { AzureStorageQueueStore } from '../src/store.ts';
import { declaration, outgoing, receiptsOf, take } from './support/messages.ts';
import { rawQueue, rawService } from './support/raw.ts';
import { newPrefix, openTestStore } from './support/stores.ts';
import { until } from '@kombu/test-kit';

/** What Kombu wrote, see capture.py. */
const golden = JSON.parse(readFileSync(join(import.meta.dirname, 'golden/kombu.json'), 'utf8')) as {
  readonly messages: readonly string[];
};

await describeService('azure-storage-queue', 'the layout', ({ url }) => {
  const queueNamePrefix = newPrefix();
  let store: AzureStorageQueueStore;

  beforeAll(async () => {
    store = await openTestStore(url, { queueNamePrefix, leaseMs: 30_000 });
  });
  afterAll(async () => {
    await store.close();
    const service = rawService(url);
    for await (const { name } of service.listQueues({ prefix: queueNamePrefix })) await service.deleteQueue(name);
  });

  const raw = (name: string) => rawQueue(url, queueNamePrefix + name);

  function connect(): Connection {
    return new Connection(url, { transport: azureStorageQueueTransport, transportOptions: { queueNamePrefix } });
  }

  it('what Kombu wrote is read, as text and in base64', async () => {
    await store.declare?.(declaration('from.python'));
    const texts = golden.messages.flatMap((text) => [text, Buffer.from(text).toString('base64')]);
    for (const text of texts) await raw('from-python').sendMessage(text);
    await using connection = connect();
    const got: unknown[] = [];
    const consumer = await connection.consume(
      new Queue('from.python'),
      (body, { headers, properties, deliveryInfo }) => {
        got.push([body, headers, properties.priority, properties.correlationId, deliveryInfo.routingKey]);
      },
      { noAck: true },
    );
    await until('all are delivered', () => got.length === 6, 20_000);
    await consumer.cancel();
    const json = [{ id: 1, name: 'grüße <&> "x"' }, { a: 1 }, 3, 'c1', 'new'];
    const text = ['text', {}, 0, undefined, 'orders.new'];
    const bytes = [Buffer.from([0, 255]), {}, 0, undefined, 'new'];
    expect(got).toEqual([json, json, text, text, bytes, bytes]);
  });

  it('what is written has the members that Kombu writes', async () => {
    await using connection = connect();
    const exchange = new Exchange('shop', { type: 'direct' });
    const queue = new Queue('for.python', { exchange, routingKey: 'new' });
    const body = { id: 1, name: 'grüße <&> "x"\uFFFF' };
    await connection.producer().publish(body, { exchange, routingKey: 'new', declare: [queue] });
    const { peekedMessageItems } = await raw('for-python').peekMessages();
    const written = JSON.parse(peekedMessageItems[0]?.messageText ?? '') as Record<string, unknown>;
    const kombu = JSON.parse(golden.messages[0] ?? '') as Record<string, unknown>;
    expect(Object.keys(written)).toEqual(expect.arrayContaining(Object.keys(kombu)));
    expect(JSON.parse(Buffer.from(String(written['body']), 'base64').toString())).toEqual(body);
    expect(written).toMatchObject({
      'content-type': 'application/json',
      'content-encoding': 'utf-8',
      properties: { body_encoding: 'base64', priority: 0, delivery_info: { exchange: 'shop', routing_key: 'new' } },
    });
  });

  it('messages last for ever unless they say otherwise, and then an hour longer than they say', async () => {
    await store.declare?.(declaration('ttl'));
    const now = Date.now();
    await store.put('ttl', [outgoing('{"ends":false}')]);
    await store.put('ttl', [outgoing('{"ends":true}', { expiresAt: now + 60_000 })]);
    const { peekedMessageItems } = await raw('ttl').peekMessages({ numberOfMessages: 2 });
    const [forever, hour] = peekedMessageItems.map(({ expiresOn }) => expiresOn.getTime() - now);
    expect(forever).toBeGreaterThan(365 * 24 * 3_600_000);
    expect((hour ?? 0) / 1000).toBeGreaterThan(3600 + 55);
    expect((hour ?? 0) / 1000).toBeLessThan(3600 + 90);
  });

  it('writes base64 when it is told to', async () => {
    const other = await openTestStore(url, { queueNamePrefix, messageEncoding: 'base64' });
    await other.declare?.(declaration('base64'));
    await other.put('base64', [outgoing('{"a":1}')]);
    expect((await raw('base64').peekMessages()).peekedMessageItems[0]?.messageText).toBe('eyJhIjoxfQ==');
    expect((await take(store, 'base64')).map(({ payload }) => payload)).toEqual(['{"a":1}']);
    await other.close();
  });

  it('counts more than 32 messages, gives 32 at a time, and purges around what is being worked on', async () => {
    await store.declare?.(declaration('many'));
    await store.put(
      'many',
      Array.from({ length: 70 }, (_, index) => outgoing(`{"n":${index}}`)),
    );
    expect(await store.size('many')).toBe(70);
    const held = await take(store, 'many', 100);
    expect(held).toHaveLength(32);
    expect(await store.purge('many')).toBe(38);
    expect(await store.size('many')).toBe(0);
    expect(await store.ack('many', receiptsOf(held))).toEqual(held.map(() => 'ok'));
  });

  it('counts deliveries by whomever, and a release to the end of the queue among them', async () => {
    await store.declare?.(declaration('count'));
    await store.put('count', [outgoing('{"n":1}')]);
    await raw('count').receiveMessages({ visibilityTimeout: 1 });
    await until('it is back', async () => (await store.size('count')) === 1, 20_000);
    await store.put('count', [outgoing('{"n":2}')]);
    const [first] = await take(store, 'count', 1);
    expect(first).toMatchObject({ payload: '{"n":1}', deliveryCount: 1 });
    await store.release('count', first ? [first.receipt] : [], { delayMs: 0 });
    expect((await take(store, 'count')).map(({ payload, deliveryCount }) => [payload, deliveryCount])).toEqual([
      ['{"n":2}', 0],
      ['{"n":1}', 2],
    ]);
  });

  it('takes the largest message that core lets through, and no larger one', async () => {
    await store.declare?.(declaration('large'));
    const limit = azureStorageQueueTransport.capabilities.maxPayloadBytes ?? 0;
    const payload = `{"a":"${'x'.repeat(limit - 8)}"}`;
    expect(Buffer.byteLength(payload)).toBe(limit);
    expect(await store.put('large', [outgoing(payload)])).toEqual([]);
    const failures = await store.put('large', [outgoing(`${payload} `)]);
    expect(failures.map(({ error }) => azureStorageQueueTransport.classify(error))).toEqual(['LIMIT_EXCEEDED']);
  });
});
