import { describeService } from '@kombu/services';
import { TcpProxy } from '@kombu/testing';
import type { Redis } from 'ioredis';
import { Delays } from '../src/delays.ts';
import { KeyTracker } from '../src/key-tracker.ts';
import { Keys } from '../src/keys.ts';
import { readOptions } from '../src/options.ts';
import { plan, planned } from '../src/scripts/plan.ts';
import type { Script } from '../src/scripts/script.ts';
import type { Servers } from '../src/servers/servers.ts';
import { systemClock } from '@kombu/core/spi';
import { connectTo, silent } from './support/connections.ts';
import { outgoing } from './support/messages.ts';
import { connectRaw } from './support/raw.ts';
import { newPrefix, openTestStore, targetOf } from './support/stores.ts';
import { until } from '@kombu/test-kit';

const probe = { healthCheckInterval: 40, socketTimeout: 80 };

await describeService('redis', 'a publish', ({ url }) => {
  let raw: Redis;
  let proxy: TcpProxy;
  const globalKeyprefix = newPrefix();
  const list = `${globalKeyprefix}q`;

  beforeAll(async () => {
    raw = await connectRaw(url);
    const { hostname, port } = new URL(url);
    proxy = await TcpProxy.listen({ target: { host: hostname, port: Number(port) } });
  });
  afterEach(async () => {
    await proxy.heal();
    const left = await raw.keys(`${globalKeyprefix}*`);
    if (left.length > 0) await raw.del(left);
  });
  afterAll(async () => {
    await proxy.close();
    await raw.quit();
  });

  it.each(['refuse', 'blackhole'] as const)(
    'R5: a publish to a server that is away ends with its timeout, the first one and the next (%s)',
    async (fault) => {
      await using connection = connectTo(proxy.url(url), { globalKeyprefix }, { connectTimeout: 100 });
      proxy[fault]();
      for (let turn = 0; turn < 3; turn++) {
        const publish = connection.producer().publish('x', { routingKey: 'q', timeout: 150 });
        await expect(publish).rejects.toMatchObject({ code: expect.stringMatching(/TIMEOUT|CONNECTION_/) as string });
      }
      await connection.close({ timeout: 100 });
    },
  );

  it('R5: the second server of a list is tried when the first one does not answer', async () => {
    proxy.blackhole();
    await using connection = connectTo(`${proxy.url(url)};${url}`, { globalKeyprefix }, { connectTimeout: 200 });
    expect((await connection.producer().publish('x', { routingKey: 'q' })).guarantee).toBe('confirmed');
  });

  it('R24: what could not be published in time is not sent later, and what has time is sent once and in order', async () => {
    await using connection = connectTo(proxy.url(url), { globalKeyprefix, ...probe }, { connectTimeout: 100 });
    await connection.connect();
    const publishAll = (timeout: number): Promise<PromiseSettledResult<unknown>[]> =>
      Promise.allSettled(
        Array.from({ length: 100 }, (_, index) =>
          connection.producer().publish(`m${index}`, { routingKey: 'q', timeout }),
        ),
      );
    proxy.refuse();
    proxy.reset();
    await until('the loss is seen', () => !connection.connected);
    expect((await publishAll(100)).filter(({ status }) => status === 'fulfilled')).toEqual([]);
    const waiting = publishAll(20_000);
    await proxy.heal();
    expect((await waiting).filter(({ status }) => status === 'rejected')).toEqual([]);
    const texts = await raw.lrange(list, 0, -1);
    const bodies = texts.map((text) => Buffer.from((JSON.parse(text) as { body: string }).body, 'base64').toString());
    expect(bodies.toReversed()).toEqual(Array.from({ length: 100 }, (_, index) => `m${index}`));
  });

  it('R24: a message that is stored is not refused for what fails afterwards', async () => {
    await raw.call('ACL', 'SETUSER', 'toucher', 'on', '>secret', '~*', '&*', '+@all');
    try {
      const store = await openTestStore(url.replace('redis://', 'redis://toucher:secret@'), { globalKeyprefix });
      const declaration = { durable: true, exclusive: false, autoDelete: false, passive: false };
      await store.declare({ name: 'q', ...declaration, arguments: { 'x-expires': 60_000 } });
      await raw.call('ACL', 'SETUSER', 'toucher', '-pexpire');
      expect(await store.put('q', [outgoing('x')])).toBeUndefined();
      expect(await raw.llen(list)).toBe(1);
      await store.close();
    } finally {
      await raw.call('ACL', 'DELUSER', 'toucher');
    }
  });
});

it('R24: a delayed message that is stored, but perhaps not planned, is uncertain', async () => {
  const readonly = Object.assign(new Error('READONLY failed over'), { name: 'ReplyError' });
  let plans = 0;
  const run = async (script: Script): Promise<unknown> => {
    if (script === planned) return [-1];
    if (script === plan && ++plans === 2) throw readonly;
    return undefined;
  };
  const delays = new Delays({
    servers: { tracks: true, run } as Partial<Servers> as Servers,
    keys: new Keys(readOptions(targetOf('redis://localhost')), false),
    tracker: new KeyTracker(),
    clock: systemClock,
    logger: silent,
    pollingInterval: 1000,
  });
  const keys = new Keys(readOptions(targetOf('redis://localhost')), false).queue('q');
  const put = delays.put(keys, [outgoing('x', { delayMs: 10 })]);
  await expect(put).rejects.toMatchObject({ code: 'PUBLISH_UNCERTAIN', cause: readonly });
  delays.stop();
});
