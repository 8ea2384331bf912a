import { setTimeout } from 'node:timers/promises';
import { Queue } from '@kombu/core';
import { describeService } from '@kombu/services';
import { LeakProbe, Ledger, TcpProxy, seeded } from '@kombu/testing';
import type { Redis } from 'ioredis';
import { connectTo } from './support/connections.ts';
import { envelope } from './support/messages.ts';
import { connectRaw, connectionsNamed } from './support/raw.ts';
import { newPrefix } from './support/stores.ts';
import { until } from '@kombu/test-kit';

await describeService('redis', 'the end', ({ url }) => {
  let raw: Redis;
  let proxy: TcpProxy;
  let prefix: string;

  beforeAll(async () => {
    raw = await connectRaw(url);
    const { hostname, port } = new URL(url);
    proxy = await TcpProxy.listen({ target: { host: hostname, port: Number(port) } });
  });
  beforeEach(() => {
    prefix = newPrefix();
  });
  afterEach(async () => {
    await proxy.heal();
    const left = await raw.keys(`${prefix}*`);
    if (left.length > 0) await raw.del(left);
  });
  afterAll(async () => {
    await proxy.close();
    await raw.quit();
  });

  const states = ['never used', 'idle', 'consuming', 'in a handler', 'publishing', 'reconnecting'] as const;
  const faults = ['none', 'blackhole', 'stall', 'reset', 'refuse'] as const;
  const matrix = states.flatMap((state) => faults.map((fault) => [state, fault] as const));

  it.each(matrix)('R10: a close ends in every state, and leaves nothing open (%s, %s)', async (state, fault) => {
    const probe = await LeakProbe.start({ timers: false });
    const connection = connectTo(proxy.url(url), { globalKeyprefix: prefix }, { connectTimeout: 300 });
    const pending: Promise<unknown>[] = [];
    if (state !== 'never used') await connection.connect();
    if (state === 'consuming' || state === 'in a handler') {
      let isBusy = false;
      await connection.consume(new Queue<string>('q'), async (_, message) => {
        isBusy = true;
        await new Promise((resolve) => message.signal.addEventListener('abort', resolve));
      });
      if (state === 'in a handler') {
        await raw.lpush(`${prefix}q`, envelope('x'));
        await until('the handler runs', () => isBusy);
      }
    }
    if (state === 'reconnecting') {
      proxy.refuse();
      proxy.reset();
      await until('the link is gone', () => !connection.connected);
    } else if (fault !== 'none') proxy[fault]();
    if (state === 'publishing') {
      pending.push(...Array.from({ length: 10 }, () => connection.producer().publish('x', { routingKey: 'p' })));
    }
    const settled = Promise.allSettled(pending);
    await connection.close({ timeout: 200 });
    await settled;
    await proxy.heal();
    await probe.assertClean({ timeoutMs: 5000 });
  });

  it('R11: a stop in the middle of the work loses nothing, and nothing is delivered after it', async () => {
    const ledger = new Ledger();
    for (let seed = 1; seed <= 25; seed++) {
      const random = seeded(seed);
      await using connection = connectTo(url, { globalKeyprefix: prefix, leaseMs: 60_000 });
      let isStopped = false;
      const late: string[] = [];
      const consumer = await connection.consume(
        new Queue<string>('q'),
        async (id, message) => {
          if (isStopped) late.push(id);
          ledger.delivered(id, message.deliveryInfo.redelivered);
          if (random() < 0.5) await setTimeout(random() * 3);
          ledger.settled(id, await message.ack());
        },
        { prefetch: 7 },
      );
      const ids = Array.from({ length: 40 }, () => ledger.newId());
      for (const id of ids) await ledger.track(id, Promise.resolve('confirmed'));
      await raw.lpush(`${prefix}q`, ...ids.map((id) => envelope(id)));
      await setTimeout(random() * 12);
      if (random() < 0.5) await consumer.cancel();
      await connection.close();
      isStopped = true;
      // What was not handled is ready again, at once.
      expect(await raw.hlen(`${prefix}unacked`)).toBe(0);
      expect(late).toEqual([]);
    }
    const rest = (await raw.lrange(`${prefix}q`, 0, -1)).map((text) => {
      const { body } = JSON.parse(text) as { body: string };
      return Buffer.from(body, 'base64').toString();
    });
    ledger.assertNothingLost({ remaining: rest });
  });

  it('R27: links that break again and again leave neither sockets nor listeners behind', async () => {
    const connection = connectTo(url, { globalKeyprefix: prefix, clientName: prefix });
    const got: string[] = [];
    await connection.consume(new Queue<string>('q'), async (body, message) => {
      got.push(body);
      await message.ack();
    });
    const probe = await LeakProbe.start({ timers: false });
    for (let round = 0; round < 30; round++) {
      for (const id of await connectionsNamed(raw, prefix)) await raw.client('KILL', 'ID', id);
      await raw.lpush(`${prefix}q`, envelope(`m${round}`));
      await until('it is delivered over the new link', () => got.length === round + 1);
    }
    expect(await connectionsNamed(raw, prefix)).toHaveLength(2);
    await probe.assertClean({ timeoutMs: 5000 });
    await connection.close();
    expect(await connectionsNamed(raw, prefix)).toEqual([]);
  });

  it('R27: connections of a short life leave nothing behind', async () => {
    const probe = await LeakProbe.start({ timers: false });
    for (let round = 0; round < 60; round++) {
      const connection = connectTo(url, { globalKeyprefix: prefix, clientName: prefix });
      await connection.producer().publish('x', { routingKey: 'q' });
      await connection.close();
    }
    await probe.assertClean({ timeoutMs: 5000 });
    await until('the server has none', async () => (await connectionsNamed(raw, prefix)).length === 0);
    expect(await raw.llen(`${prefix}q`)).toBe(60);
  });

  it('R39: a consumer that is cancelled stays so over new links, and one that begins again is one', async () => {
    await using connection = connectTo(url, { globalKeyprefix: prefix, clientName: prefix });
    const queue = new Queue<string>('q');
    const got: string[] = [];
    const consume = (): ReturnType<typeof connection.consume<string>> =>
      connection.consume(queue, async (body, message) => {
        got.push(body);
        await message.ack();
      });
    const random = seeded(7);
    let consumer = await consume();
    for (let round = 0; round < 60; round++) {
      if (random() < 0.2) for (const id of await connectionsNamed(raw, prefix)) await raw.client('KILL', 'ID', id);
      if (random() < 0.5) await setTimeout(random() * 4);
      await consumer.cancel();
      consumer = await consume();
    }
    const commands = async (): Promise<number> => (await connectionsNamed(raw, prefix)).length;
    await raw.lpush(`${prefix}q`, envelope('one'));
    await until('it is delivered', () => got.length > 0);
    await consumer.cancel();
    for (let round = 0; round < 5; round++) {
      for (const id of await connectionsNamed(raw, prefix)) await raw.client('KILL', 'ID', id);
      await raw.lpush(`${prefix}q`, envelope(`no${round}`));
      await until('there is another link', async () => connection.connected && (await commands()) === 2);
    }
    expect(got).toEqual(['one']);
    expect(await raw.llen(`${prefix}q`)).toBe(5);
  });
});
