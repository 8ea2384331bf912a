import { describeService } from '@kombu/services';
import { TcpProxy } from '@kombu/testing';
import type { Redis } from 'ioredis';
import { envelope, take } from './support/messages.ts';
import { connectRaw } from './support/raw.ts';
import { startWorker, type Worker } from './support/start-worker.ts';
import { newPrefix, openTestStore } from './support/stores.ts';
import { until } from '@kombu/test-kit';

type Commands = TcpProxy['connections'][number];

/** Where the three messages are when the worker is killed. */
interface Census {
  readonly ready: number;
  readonly leased: number;
}

interface Step {
  readonly name: string;
  readonly manner?: 'signal';
  /** Before there is any message. */
  readonly prepare?: (commands: Commands) => void;
  /** Before the worker acks. */
  readonly hold?: (commands: Commands) => void;
  /** Is this the moment to kill it? */
  readonly reached: (worker: Worker, census: Census) => boolean;
  readonly settled: number;
}

function lines(worker: Worker, word: string): number {
  return worker.lines.filter((line) => line.startsWith(`${word} `)).length;
}

const steps: readonly Step[] = [
  {
    name: 'before the claim is sent',
    prepare: (commands) => commands.blackhole('upstream'),
    reached: (_, { ready }) => ready === 3,
    settled: 0,
  },
  {
    name: 'after the claim is sent',
    prepare: (commands) => commands.blackhole('downstream'),
    reached: (_, { leased }) => leased === 3,
    settled: 0,
  },
  {
    name: 'when a part of the answer is read',
    prepare: (commands) => commands.slice(9, 20),
    reached: (_, { leased }) => leased === 3,
    settled: 0,
  },
  { name: 'when all are delivered', manner: 'signal', reached: (worker) => lines(worker, 'got') === 3, settled: 0 },
  {
    name: 'before the ack is sent',
    manner: 'signal',
    hold: (commands) => commands.blackhole('upstream'),
    reached: (worker) => lines(worker, 'acking') === 3,
    settled: 0,
  },
  {
    name: 'after the ack is sent',
    manner: 'signal',
    hold: (commands) => commands.blackhole('downstream'),
    reached: (worker, { ready, leased }) => lines(worker, 'acking') === 3 && ready + leased === 0,
    settled: 3,
  },
];

await describeService('redis', 'a consumer that is killed', ({ url }) => {
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
    const left = await raw.keys(`${prefix}*`);
    if (left.length > 0) await raw.del(left);
  });
  afterAll(async () => {
    await proxy.close();
    await raw.quit();
  });

  /** In one moment. */
  async function census(): Promise<Census> {
    const count = `return {redis.call('LLEN', KEYS[1]), redis.call('HLEN', KEYS[2]), redis.call('ZCARD', KEYS[3])}`;
    const keys = [`${prefix}q`, `${prefix}unacked`, `${prefix}unacked_index`];
    const [ready = 0, leased = 0, indexed] = (await raw.eval(count, 3, ...keys)) as number[];
    expect(indexed).toBe(leased);
    return { ready, leased };
  }

  it.each(steps)(
    'R3: a consumer that is killed $name loses nothing',
    async ({ manner, prepare, hold, reached, settled }: Step) => {
      const options = { globalKeyprefix: prefix, leaseMs: 5000, unackedRestoreInterval: 600_000 };
      const worker = await startWorker(proxy.url(url), options, 'q', manner ?? 'hold');
      try {
        const commands = proxy.connections.at(-2) as Commands;
        prepare?.(commands);
        await raw.lpush(`${prefix}q`, ...['a', 'b', 'c'].map((body) => envelope(body)));
        if (hold) {
          await until('all are delivered', () => lines(worker, 'got') === 3);
          hold(commands);
          worker.go();
        }
        await until('the step is reached', async () => {
          const now = await census();
          // Of what is neither ready nor leased the worker has sent the ack, and it got it before.
          const gone = 3 - now.ready - now.leased;
          expect([0, settled]).toContain(gone);
          return reached(worker, now);
        });
      } finally {
        await worker.kill();
      }
      const { ready, leased } = await census();
      expect(ready + leased + settled).toBe(3);
      // Its leases are over at once, and another process restores what it had.
      for (const claim of await raw.hkeys(`${prefix}unacked`)) await raw.zadd(`${prefix}unacked_index`, 1, claim);
      const store = await openTestStore(url, { globalKeyprefix: prefix, unackedRestoreInterval: 20 });
      await take(store, 'other');
      await until('all are ready again', async () => (await census()).ready === 3 - settled);
      await store.close();
    },
    60_000,
  );
});
