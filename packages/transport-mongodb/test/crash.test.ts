import { setTimeout } from 'node:timers/promises';
import { describeService } from '@kombu/services';
import { TcpProxy } from '@kombu/testing';
import type { Db } from 'mongodb';
import type { Claim } from '../src/claims.ts';
import type { MongoStore } from '../src/store.ts';
import { envelope, outgoing, receiptsOf, take } from './support/messages.ts';
import { startWorker, type Worker } from './support/start-worker.ts';
import { connectRaw, newDatabase, openTestStore } from './support/stores.ts';
import { until } from '@kombu/test-kit';

await describeService('mongodb', 'whatever is cut', (server) => {
  const url = newDatabase(server.url);
  const bodies = ['one', 'two', 'three'];
  let database: Db;
  let drop: () => Promise<void>;
  let proxy: TcpProxy;

  beforeAll(async () => {
    ({ database, drop } = await connectRaw(url));
    const { hostname, port } = new URL(url);
    proxy = await TcpProxy.listen({ target: { host: hostname, port: Number(port) } });
  });
  afterEach(() => proxy.heal());
  afterAll(async () => {
    await proxy.close();
    await drop();
  });

  /** What there is, as ready and as leased messages. */
  async function counts(): Promise<{ ready: number; leased: number }> {
    const messages = database.collection('messages');
    const [ready, leased] = await Promise.all([
      messages.countDocuments({ queue: 'q' }),
      messages.countDocuments({ leased_from: 'q' }),
    ]);
    return { ready, leased };
  }

  async function fill(): Promise<void> {
    await database.collection('messages').deleteMany({});
    await database
      .collection('messages')
      .insertMany(bodies.map((body) => ({ payload: envelope(body), queue: 'q', priority: 9 })));
  }

  /**
   * Runs a step with a connection cut after each number of bytes in turn, up to more than it takes. Resolves to how often the step
   * felt it.
   */
  async function cutAtEachByte(
    direction: 'upstream' | 'downstream',
    prepare: (store: MongoStore) => Promise<() => Promise<unknown>>,
    check: (isDone: boolean) => Promise<void>,
  ): Promise<number> {
    let felt = 0;
    for (let bytes = 0; bytes < 1600; bytes += 89) {
      const store = await openTestStore(proxy.url(url), { leaseMs: 600_000, healthCheckInterval: 600_000 });
      const run = await prepare(store);
      proxy.cutAfter(bytes, direction);
      const [result] = await Promise.allSettled([run()]);
      await proxy.heal();
      await store.close();
      if (result.status === 'rejected') felt += 1;
      await check(result.status === 'fulfilled');
    }
    return felt;
  }

  async function held(store: MongoStore): Promise<readonly Claim[]> {
    await fill();
    return receiptsOf(await take(store, 'q'));
  }

  it.each([1, 100])(
    'a claim of up to %i loses nothing',
    async (max) => {
      for (const direction of ['upstream', 'downstream'] as const) {
        const felt = await cutAtEachByte(
          direction,
          async (store) => {
            await fill();
            return () => take(store, 'q', max);
          },
          async (isDone) => {
            const { ready, leased } = await counts();
            expect(ready + leased).toBe(3);
            if (isDone) expect(leased).toBe(Math.min(max, 3));
          },
        );
        expect(felt).toBeGreaterThan(0);
      }
    },
    60_000,
  );

  it('an ack, a release and a put lose nothing', async () => {
    await cutAtEachByte(
      'upstream',
      async (store) => {
        const receipts = await held(store);
        return () => store.ack('q', receipts);
      },
      async (isDone) => {
        const { ready, leased } = await counts();
        expect([0, leased]).toContain(ready);
        if (isDone) expect(leased).toBe(0);
      },
    );
    await cutAtEachByte(
      'upstream',
      async (store) => {
        const receipts = await held(store);
        return () => store.release('q', receipts, { delayMs: 0 });
      },
      async (isDone) => {
        const { ready, leased } = await counts();
        expect(ready + leased).toBe(3);
        if (isDone) expect(ready).toBe(3);
      },
    );
    await cutAtEachByte(
      'upstream',
      async (store) => {
        await database.collection('messages').deleteMany({});
        return () =>
          store.put(
            'q',
            bodies.map((body) => outgoing(body)),
          );
      },
      async (isDone) => {
        const { ready } = await counts();
        if (isDone) expect(ready).toBe(3);
      },
    );
  }, 60_000);

  it('R2: a process that is killed again and again loses nothing', async () => {
    await database.collection('messages').deleteMany({});
    const options = { leaseMs: 1500, pollingInterval: 50 };
    const publisher = await openTestStore(url);
    const workers: Worker[] = [];
    const lines = (word: string): Set<string> =>
      new Set(workers.flatMap((worker) => worker.lines).filter((line) => line.startsWith(`${word} `)));
    const [perRound, rounds] = [150, 3];
    try {
      for (let round = 0; round < rounds; round++) {
        const worker = await startWorker(url, options, 'q', 'ack');
        workers.push(worker);
        const before = worker.lines.length;
        const names = Array.from({ length: perRound }, (_, index) => `${round}-${index}`);
        await publisher.put(
          'q',
          names.map((name) => outgoing(envelope(name))),
        );
        await until('the worker works', () => worker.lines.length > before);
        await setTimeout(round * 7);
        await worker.kill();
        const { ready, leased } = await counts();
        // What is neither ready nor leased was settled, and whoever settles a message has got it before.
        const gone = (round + 1) * perRound - ready - leased;
        expect(gone).toBeGreaterThanOrEqual(lines('ok').size);
        expect(gone).toBeLessThanOrEqual(lines('got').size);
      }
      workers.push(await startWorker(url, options, 'q', 'ack'));
      await until('all is done', async () => Object.values(await counts()).every((count) => count === 0), 60_000);
      expect(lines('got').size).toBe(perRound * rounds);
    } finally {
      await Promise.all([publisher.close(), ...workers.map((worker) => worker.kill())]);
    }
  }, 120_000);
});
