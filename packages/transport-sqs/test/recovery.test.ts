import { setTimeout } from 'node:timers/promises';
import { Connection, Queue } from '@kombu/core';
import { describeService } from '@kombu/services';
import { TcpProxy } from '@kombu/testing';
import { sqsTransport } from '../src/index.ts';
import { newPrefix, openTestStore } from './support/stores.ts';
import { declared } from './support/messages.ts';
import { never, until } from '@kombu/test-kit';

await describeService('sqs', 'a way that breaks', ({ url }) => {
  let proxy: TcpProxy;
  const prefix = newPrefix();

  beforeAll(async () => {
    const { hostname, port } = new URL(url);
    proxy = await TcpProxy.listen({ target: { host: hostname, port: Number(port) } });
  });
  afterEach(() => proxy.heal());
  afterAll(() => proxy.close());

  it.each(['reset', 'blackhole', 'halfClose', 'refuse'] as const)(
    'while a consumer waits costs no message (%s)',
    async (fault) => {
      const transportOptions = { queueNamePrefix: prefix, leaseMs: 1000, waitTimeSeconds: 1 };
      const connection = new Connection(proxy.url(url), {
        transport: sqsTransport,
        transportOptions: { ...transportOptions, readTimeout: 300, connectTimeout: 300 },
        recovery: { intervalStart: 10, intervalStep: 10, intervalMax: 50 },
        logger: { debug() {}, info() {}, warn() {}, error() {} },
      });
      const got: string[] = [];
      await connection.consume(new Queue<string>(fault), async (body, message) => {
        got.push(body);
        await message.ack();
      });
      const producer = new Connection(url, { transport: sqsTransport, transportOptions });
      for (const [index, outage] of [20, 1700].entries()) {
        proxy[fault]();
        if (fault === 'refuse') proxy.reset();
        await producer.producer().publish(`during ${index}`, { routingKey: fault });
        await setTimeout(outage);
        await proxy.heal();
        await producer.producer().publish(`after ${index}`, { routingKey: fault });
        await until('both are delivered', () => got.includes(`during ${index}`) && got.includes(`after ${index}`));
      }
      await Promise.all([connection.close(), producer.close()]);
    },
    30_000,
  );

  it('does not hold up close', async () => {
    const store = await openTestStore(proxy.url(url), { queueNamePrefix: prefix, waitTimeSeconds: 20 });
    await store.declare(declared('hole'));
    const stop = new AbortController();
    const waits = [
      store.get('hole', { max: 1, waitMs: 20_000, noAck: false, signal: stop.signal }),
      store.get('hole', { max: 1, waitMs: 20_000, noAck: false, signal: never }),
    ];
    const ends = Promise.allSettled(waits);
    proxy.blackhole();
    stop.abort();
    const before = performance.now();
    await store.close();
    expect(performance.now() - before).toBeLessThan(5000);
    expect((await ends).map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
  });
});
