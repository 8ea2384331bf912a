import { setTimeout } from 'node:timers/promises';
import { Connection, Queue } from '@kombu/core';
import { describeService } from '@kombu/services';
import { TcpProxy } from '@kombu/testing';
import type { Redis } from 'ioredis';
import { redisTransport } from '../src/index.ts';
import { connectTo } from './support/connections.ts';
import { faultScript } from './support/fault-script.ts';
import { connectRaw } from './support/raw.ts';
import { newPrefix, openTestStore } from './support/stores.ts';
import { never, until } from '@kombu/test-kit';

await describeService('redis', 'a link that breaks', ({ url }) => {
  let raw: Redis;
  let proxy: TcpProxy;
  const prefix = newPrefix();

  beforeAll(async () => {
    raw = await connectRaw(url);
    const { hostname, port } = new URL(url);
    proxy = await TcpProxy.listen({ target: { host: hostname, port: Number(port) } });
  });
  afterEach(() => proxy.heal());
  afterAll(async () => {
    const left = await raw.keys(`${prefix}*`);
    if (left.length > 0) await raw.del(left);
    await proxy.close();
    await raw.quit();
  });

  it.each([
    ['both', 'upstream'],
    ['both', 'downstream'],
    ['commands', 'downstream'],
    ['events', 'downstream'],
  ] as const)('R16: a link that died in silence is found out (%s, %s)', async (which, direction) => {
    const options = { globalKeyprefix: prefix, healthCheckInterval: 50, socketTimeout: 100 };
    const store = await openTestStore(proxy.url(url), options);
    const waits = expect(store.get('q', { max: 1, waitMs: 60_000, noAck: true, signal: never })).rejects.toThrow();
    await setTimeout(20);
    const [commands, events] = proxy.connections.slice(-2);
    if (which !== 'events') commands?.blackhole(direction);
    if (which !== 'commands') events?.blackhole(direction);
    expect(await store.closed).toMatchObject({ message: expect.stringMatching(/PING/) as string });
    await waits;
    await store.close();
  });

  it('R16: a link that is only silent stays', async () => {
    const store = await openTestStore(proxy.url(url), { healthCheckInterval: 10, socketTimeout: 5000 });
    await setTimeout(300);
    expect(await Promise.race([store.closed, Promise.resolve('open')])).toBe('open');
    await store.close();
  });

  it('R26: a consumer whose own socket is dead is not called healthy', async () => {
    const transportOptions = { globalKeyprefix: prefix, healthCheckInterval: 50, socketTimeout: 100 };
    await using connection = connectTo(proxy.url(url), transportOptions, { connectTimeout: 200 });
    await connection.consume(new Queue<string>('q'), (_, message) => message.ack());
    expect(connection.health().healthy).toBe(true);
    proxy.refuse();
    // The other socket goes on.
    proxy.connections.at(-2)?.blackhole();
    await until('it is known', () => !connection.health().healthy);
    await proxy.heal();
    await until('it is well again', () => connection.health().healthy);
  });

  it.each(['reset', 'blackhole', 'halfClose'] as const)(
    'R4: a link that breaks while a consumer waits costs no message (%s)',
    async (fault) => {
      const connection = new Connection(proxy.url(url), {
        transport: redisTransport,
        // A claim may be on its way when the link is given up: its messages come back when their lease ends.
        transportOptions: {
          globalKeyprefix: prefix,
          leaseMs: 500,
          unackedRestoreInterval: 50,
          healthCheckInterval: 50,
          socketTimeout: 100,
        },
        recovery: { intervalStart: 10, intervalStep: 10, intervalMax: 50 },
        logger: { debug() {}, info() {}, warn() {}, error() {} },
      });
      const got: string[] = [];
      await connection.consume(new Queue<string>(fault), async (body, message) => {
        got.push(body);
        await message.ack();
      });
      const producer = new Connection(url, {
        transport: redisTransport,
        transportOptions: { globalKeyprefix: prefix },
      });
      // Shorter than it takes to find out, about as long, and longer.
      for (const [index, outage] of [20, 150, 400].entries()) {
        proxy[fault]();
        await producer.producer().publish(`during ${index}`, { routingKey: fault });
        await setTimeout(outage);
        await proxy.heal();
        await producer.producer().publish(`after ${index}`, { routingKey: fault });
        await until('both are delivered', () => got.includes(`during ${index}`) && got.includes(`after ${index}`));
      }
      await Promise.all([connection.close(), producer.close()]);
    },
  );

  it.each([1, 2, 3, 4, 5, 6])(
    'R1: a link that breaks again and again leaves every consumer hearing, and nothing lost (script %i)',
    async (seed) => {
      await faultScript(url, seed);
    },
    60_000,
  );
});
