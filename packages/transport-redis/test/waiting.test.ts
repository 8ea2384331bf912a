import { setTimeout } from 'node:timers/promises';
import type { StoredMessage } from '@kombu/core/spi';
import { Queue } from '@kombu/core';
import { describePrivateService, describeService, type Redis as RedisService } from '@kombu/services';
import { TcpProxy } from '@kombu/testing';
import type { Redis } from 'ioredis';
import type { RedisTransportOptions } from '../src/options.ts';
import type { Claim } from '../src/claims.ts';
import type { RedisStore } from '../src/store.ts';
import { connectTo } from './support/connections.ts';
import { envelope } from './support/messages.ts';
import { connectRaw, connectionsNamed, watchCommands } from './support/raw.ts';
import { newPrefix, openTestStore } from './support/stores.ts';
import { never, until } from '@kombu/test-kit';

const longMs = 60_000;

function wait(store: RedisStore, queue: string, signal = never): Promise<readonly StoredMessage<Claim>[]> {
  return store.get(queue, { max: 10, waitMs: longMs, noAck: true, signal });
}

await describeService('redis', 'waiting for messages', ({ url }) => {
  let raw: Redis;
  const prefix = newPrefix();
  const stores: RedisStore[] = [];

  async function open(options: RedisTransportOptions = {}): Promise<RedisStore> {
    const store = await openTestStore(url, { globalKeyprefix: prefix, ...options });
    stores.push(store);
    return store;
  }

  beforeAll(async () => {
    raw = await connectRaw(url);
  });
  afterEach(() => Promise.all(stores.splice(0).map((store) => store.close())));
  afterAll(async () => {
    const left = await raw.keys(`${prefix}*`);
    if (left.length > 0) await raw.del(left);
    await raw.quit();
  });

  it.each(['tracking', 'blocking'] as const)(
    'ends with a plain LPUSH of a peer, of any priority (%s)',
    async (wakeup) => {
      const store = await open({ wakeup, pollingInterval: 200 });
      for (const list of ['any', 'any\u0006\u00163', 'any']) {
        const message = wait(store, 'any');
        await setTimeout(20);
        await raw.lpush(`${prefix}${list}`, 'x');
        expect(await message).toEqual([{ payload: 'x', receipt: undefined }]);
      }
    },
  );

  it('with polling is left to core, which is told at once that there is nothing', async () => {
    const store = await open({ wakeup: 'polling' });
    expect(await wait(store, 'polled')).toEqual([]);
    expect(store.pollingInterval).toBe(1000);
  });

  it('needs two connections for a thousand queues, and no commands while nothing comes', async () => {
    const store = await open({ clientName: 'thousand', healthCheckInterval: 0, unackedRestoreInterval: 600_000 });
    const queues = Array.from({ length: 1000 }, (_, index) => `many-${index}`);
    const messages = queues.map((queue) => wait(store, queue));
    // Whatever is called after them has been answered after them.
    await wait(store, 'last', AbortSignal.timeout(1));
    expect(await connectionsNamed(raw, 'thousand')).toHaveLength(2);

    const commands = await watchCommands(url, prefix);
    await setTimeout(300);
    commands.stop();
    expect(commands.seen).toEqual([]);

    for (const queue of queues) raw.lpush(`${prefix}${queue}`, queue).catch(() => undefined);
    const payloads = (await Promise.all(messages)).map(([message]) => message?.payload);
    expect(payloads).toEqual(queues);
  });

  it('asks nothing when it begins again over a queue that is still empty', async () => {
    const store = await open({ healthCheckInterval: 0, unackedRestoreInterval: 600_000 });
    const short = { max: 1, waitMs: 5, noAck: true, signal: never };
    await store.get('quiet', short);
    const key = `${prefix}quiet`;
    const { seen, stop } = await watchCommands(url, key);
    for (let round = 0; round < 5; round++) expect(await store.get('quiet', short)).toEqual([]);
    await raw.lpush(key, 'x');
    await until('the push is seen', () => seen.length > 0);
    expect(seen[0]).toBe(`"lpush" "${key}" "x"`);
    await until('the message is here', async () => (await store.get('quiet', short)).length > 0);
    stop();
  });

  it('ends with the signal, and a message that came in the same moment is given', async () => {
    const store = await open();
    for (let round = 0; round < 20; round++) {
      const stop = new AbortController();
      const answer = wait(store, 'stopped', stop.signal);
      await setTimeout(round % 3);
      const pushed = raw.lpush(`${prefix}stopped`, `m${round}`);
      if (round % 2 === 0) await setTimeout(round % 4);
      stop.abort();
      await pushed;
      const taken = [...(await answer)];
      if (taken.length === 0) taken.push(...(await wait(store, 'stopped')));
      expect(taken.map(({ payload }) => payload)).toEqual([`m${round}`]);
    }
  });

  it('ends with a message although the server forgot, for want of memory, who waits', async () => {
    const store = await open();
    const answer = wait(store, 'flushed');
    await setTimeout(20);
    await raw.config('SET', 'tracking-table-max-keys', '1');
    await raw.config('SET', 'tracking-table-max-keys', '1000000');
    await raw.lpush(`${prefix}flushed`, 'x');
    expect((await answer).map(({ payload }) => payload)).toEqual(['x']);
  });

  it('R4: a wait that blocks on a dead connection gets another connection', async () => {
    const { hostname, port } = new URL(url);
    await using proxy = await TcpProxy.listen({ target: { host: hostname, port: Number(port) } });
    const options = { globalKeyprefix: prefix, wakeup: 'blocking', pollingInterval: 100, socketTimeout: 100 } as const;
    const store = await openTestStore(proxy.url(url), { ...options, healthCheckInterval: 0 });
    stores.push(store);
    const answer = wait(store, 'dead');
    await proxy.connected(3);
    proxy.connections.at(-1)?.blackhole();
    await until('another one is made', () => proxy.accepted > 3);
    await raw.lpush(`${prefix}dead`, 'x');
    expect((await answer).map(({ payload }) => payload)).toEqual(['x']);
  });

  it('is over when the store closes, and when its connection is lost', async () => {
    for (const [name, end] of [
      ['closing', (store: RedisStore) => store.close()],
      ['killed', async () => raw.client('KILL', 'ID', (await connectionsNamed(raw, 'killed')).at(-1) ?? '')],
    ] as const) {
      const store = await open({ clientName: name });
      const answer = expect(wait(store, 'ending')).rejects.toThrow('closed');
      await setTimeout(20);
      await end(store);
      await answer;
      const reason = await store.closed;
      expect(reason === undefined).toBe(name === 'closing');
    }
  });

  it('falls back to blocking commands where the user may not track', async () => {
    await raw.call('ACL', 'SETUSER', 'untracked', 'on', '>secret', '~*', '&*', '+@all', '-client|tracking');
    try {
      const user = url.replace('redis://', 'redis://untracked:secret@');
      const warnings: string[] = [];
      const warn = (text: string): void => void warnings.push(text);
      const logger = { debug() {}, info() {}, warn, error() {} };
      const store = await openTestStore(user, { globalKeyprefix: prefix }, { logger });
      stores.push(store);
      expect(warnings).toEqual([expect.stringContaining('refuses CLIENT TRACKING')]);
      const message = wait(store, 'untracked');
      await setTimeout(20);
      await raw.lpush(`${prefix}untracked`, 'x');
      expect((await message).map(({ payload }) => payload)).toEqual(['x']);
      await expect(openTestStore(user, { wakeup: 'tracking' })).rejects.toThrow('NOPERM');
    } finally {
      await raw.call('ACL', 'DELUSER', 'untracked');
    }
  });
});

await describePrivateService('redis', 'an idle worker', (start) => {
  let redis: RedisService;
  let raw: Redis;
  beforeAll(async () => {
    redis = await start();
    raw = await connectRaw(redis.url);
  });
  afterAll(async () => {
    await raw.quit();
    await redis.close();
  });

  /** How many commands the server has carried out, those in scripts included, and those that ask for it left out. */
  async function commands(): Promise<number> {
    const calls = [...(await raw.info('commandstats')).matchAll(/cmdstat_(\w+):calls=(\d+)/g)];
    return calls.reduce((sum, [, name, count]) => (name === 'info' ? sum : sum + Number(count)), 0);
  }

  it('with 100 queues sends next to nothing over two connections, and hears of a plain LPUSH to any of them', async () => {
    await using connection = connectTo(redis.url, { clientName: 'idle' });
    const got = new Set<string>();
    const queues = Array.from({ length: 100 }, (_, index) => `q${index}`);
    for (const queue of queues) {
      await connection.consume(new Queue<string>(queue), async (body, message) => {
        got.add(body);
        await message.ack();
      });
    }
    await until('all have looked once', async () => (await commands()) > 300);
    await setTimeout(500);
    const before = await commands();
    await setTimeout(4000);
    // Once or twice it is looked for overdue messages.
    expect((await commands()) - before).toBeLessThan(15);
    expect(await connectionsNamed(raw, 'idle')).toHaveLength(2);

    const quiet = await commands();
    for (const queue of queues) await raw.lpush(queue, envelope(queue));
    await until('all are delivered', () => got.size === queues.length);
    await until('all are settled', async () => (await raw.exists('unacked')) === 0);
    // A claim and an ack each, in scripts of some commands, and a look at what is empty again: no other queue is asked.
    expect((await commands()) - quiet).toBeLessThan(40 * queues.length);
  });
});
