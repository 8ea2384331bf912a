import { setTimeout } from 'node:timers/promises';
import { describeService } from '@kombu/services';
import { TcpProxy } from '@kombu/testing';
import type { Redis } from 'ioredis';
import type { Claim } from '../src/claims.ts';
import type { RedisStore } from '../src/store.ts';
import { envelope, outgoing, receiptsOf, take } from './support/messages.ts';
import { connectRaw } from './support/raw.ts';
import { startWorker, type Worker } from './support/start-worker.ts';
import { newPrefix, openTestStore } from './support/stores.ts';
import { until } from '@kombu/test-kit';

await describeService('redis', 'whatever is cut', ({ url }) => {
  let raw: Redis;
  let proxy: TcpProxy;
  let proxied: string;
  const prefix = newPrefix();
  const list = `${prefix}q`;
  const messages = ['one', 'two', 'three'].map((body) => outgoing(envelope(body)));

  beforeAll(async () => {
    raw = await connectRaw(url);
    const { hostname, port } = new URL(url);
    proxy = await TcpProxy.listen({ target: { host: hostname, port: Number(port) } });
    proxied = proxy.url(url);
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

  async function counts(): Promise<{ ready: number; leased: number; indexed: number }> {
    const [ready, leased, indexed] = await Promise.all([
      raw.llen(list),
      raw.hlen(`${prefix}unacked`),
      raw.zcard(`${prefix}unacked_index`),
    ]);
    return { ready, leased, indexed };
  }

  function open(): Promise<RedisStore> {
    return openTestStore(proxied, { globalKeyprefix: prefix, healthCheckInterval: 0, unackedRestoreInterval: 600_000 });
  }

  /** What it takes to settle three messages that are taken. */
  async function held(store: RedisStore): Promise<readonly Claim[]> {
    await raw.lpush(list, ...messages.map(({ payload }) => payload));
    return receiptsOf(await take(store, 'q'));
  }

  /** Runs a step with its connection cut after each number of bytes in turn, until it is done before the cut. */
  async function cutAtEachByte(
    direction: 'upstream' | 'downstream',
    step: number,
    prepare: (store: RedisStore) => Promise<(() => Promise<unknown>) | undefined>,
    check: (didReturn: boolean) => Promise<void>,
  ): Promise<number> {
    for (let bytes = 0; ; bytes += step) {
      const store = await open();
      const run = await prepare(store);
      proxy.cutAfter(bytes, direction);
      const result = await Promise.allSettled([run?.()]);
      const passed = result[0].status === 'fulfilled';
      await proxy.heal();
      await store.close();
      await check(passed);
      await raw.del(list, `${prefix}unacked`, `${prefix}unacked_index`);
      if (passed) return bytes;
    }
  }

  it.each(['upstream', 'downstream'] as const)(
    'R3: a claim is done or not, never in part, wherever its link is cut (%s)',
    async (direction) => {
      const bytes = await cutAtEachByte(
        direction,
        direction === 'upstream' ? 17 : 41,
        async (store) => {
          await raw.lpush(list, ...messages.map(({ payload }) => payload));
          return () => take(store, 'q');
        },
        async () => {
          const { ready, leased, indexed } = await counts();
          expect([ready + leased, indexed]).toEqual([3, leased]);
          expect([0, 3]).toContain(ready);
        },
      );
      expect(bytes).toBeGreaterThan(100);
    },
  );

  it('R3: an ack, a release and a put are done or not, wherever their link is cut', async () => {
    await cutAtEachByte(
      'upstream',
      37,
      async (store) => {
        const receipts = await held(store);
        return () => store.ack('q', receipts);
      },
      async () => {
        const { ready, leased, indexed } = await counts();
        expect([ready, indexed]).toEqual([0, leased]);
        expect([0, 3]).toContain(leased);
      },
    );
    await cutAtEachByte(
      'upstream',
      97,
      async (store) => {
        const receipts = await held(store);
        return () => store.release?.('q', receipts, { delayMs: 0 }) ?? Promise.resolve();
      },
      async () => {
        const { ready, leased, indexed } = await counts();
        expect([ready + leased, indexed]).toEqual([3, leased]);
      },
    );
    await cutAtEachByte(
      'upstream',
      61,
      async (store) => () =>
        store
          .put('q', messages)
          .then((failures) => (failures ? Promise.reject(failures[0]?.error as Error) : undefined)),
      async (didReturn) => {
        const { ready } = await counts();
        expect(didReturn ? [3] : [0, 3]).toContain(ready);
      },
    );
  });

  it('R3: a process that is killed again and again loses nothing', async () => {
    const options = { globalKeyprefix: prefix, leaseMs: 500, unackedRestoreInterval: 50 };
    const bodies = Array.from({ length: 3000 }, (_, index) => `m${index}`);
    const workers: Worker[] = [];
    const acked = (): Set<string> =>
      new Set(workers.flatMap(({ lines }) => lines).filter((line) => line.startsWith('ok ')));
    try {
      for (let round = 0; round < 3; round++) {
        const worker = await startWorker(url, options, 'q', 'ack');
        workers.push(worker);
        const before = worker.lines.length;
        raw
          .lpush(list, ...bodies.slice(round * 1000, (round + 1) * 1000).map((body) => envelope(body)))
          .catch(() => undefined);
        await until('the worker works', () => worker.lines.length > before);
        await setTimeout(round * 7);
        await worker.kill();
        const { ready, leased, indexed } = await counts();
        expect(indexed).toBe(leased);
        // What is neither ready nor leased was settled, and whoever settles a message has got it before.
        const got = new Set(workers.flatMap(({ lines }) => lines).filter((line) => line.startsWith('got ')));
        const gone = (round + 1) * 1000 - ready - leased;
        expect(gone).toBeGreaterThanOrEqual(acked().size);
        expect(gone).toBeLessThanOrEqual(got.size);
      }
      const last = await startWorker(url, options, 'q', 'ack');
      workers.push(last);
      await until('all is done', async () => Object.values(await counts()).every((count) => count === 0), 30_000);
      const got = new Set(workers.flatMap(({ lines }) => lines).filter((line) => line.startsWith('got ')));
      expect(got.size).toBe(bodies.length);
    } finally {
      await Promise.all(workers.map((worker) => worker.kill()));
    }
  }, 120_000);
});
