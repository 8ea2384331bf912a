import type { Connection } from '@kombu/core';
import { InvalidArgumentError, LimitExceededError, Queue, ResourcePool } from '@kombu/core';

import type { Bench } from './support/bench.ts';
import { onBench } from './support/bench.ts';

interface Thing {
  readonly id: number;
  closed: boolean;
}

/** A pool of things, whose creation can be held up. */
function thingPool(bench: Bench, limit: number) {
  const made: Thing[] = [];
  const control = { create: async (): Promise<void> => {} };
  const kind = {
    create: async (): Promise<Thing> => {
      await control.create();
      const thing = { id: made.length + 1, closed: false };
      made.push(thing);
      return thing;
    },
    close: async (thing: Thing): Promise<void> => void (thing.closed = true),
    isUsable: (thing: Thing): boolean => !thing.closed,
  };
  return { pool: new ResourcePool<Thing>(kind, bench.clock, limit), made, control };
}

describe('ResourcePool', () => {
  it(
    'lends at most its limit, and lends again what comes back, the newest first',
    onBench(async (bench) => {
      const { pool, made } = thingPool(bench, 2);
      const [one, two] = [await pool.acquire(), await pool.acquire()];
      expect([one.value.id, two.value.id, pool.size]).toEqual([1, 2, 2]);
      await expect(pool.tryAcquire()).rejects.toBeInstanceOf(LimitExceededError);
      one.release();
      one.release();
      two.release();
      expect(pool.size).toBe(0);
      expect((await pool.acquire()).value.id).toBe(2);
      expect(made).toHaveLength(2);
      await pool.close();
    }),
  );

  it(
    'makes callers wait in line, at most their timeout',
    onBench(async (bench) => {
      const { pool } = thingPool(bench, 1);
      const one = await pool.acquire();
      await expect(bench.within(100, pool.acquire({ timeout: 100 }))).rejects.toBeInstanceOf(LimitExceededError);
      const controller = new AbortController();
      const aborted = pool.acquire({ signal: controller.signal });
      const order: string[] = [];
      const first = pool.acquire().then((lease) => (order.push('first'), lease));
      const second = pool.acquire().then((lease) => (order.push('second'), lease));
      controller.abort();
      await expect(aborted).rejects.toMatchObject({ code: 'ABORTED' });
      one.release();
      (await first).release();
      (await second).release();
      expect(order).toEqual(['first', 'second']);
      expect(bench.clock.pending).toBe(0);
      await pool.close();
    }),
  );

  it(
    'lets the next one have a turn when a creation fails',
    onBench(async (bench) => {
      const { pool, control } = thingPool(bench, 1);
      let fail!: () => void;
      control.create = () => new Promise<void>((_, reject) => (fail = () => reject(new Error('no'))));
      const first = pool.acquire();
      await bench.settle();
      control.create = async () => {};
      const second = pool.acquire();
      fail();
      await expect(first).rejects.toThrow('no');
      expect((await bench.within(0, second)).value.id).toBe(1);
      await pool.close();
    }),
  );

  it(
    'without a limit makes one for each and keeps none',
    onBench(async (bench) => {
      const { pool, made } = thingPool(bench, 0);
      const leases = await Promise.all(Array.from({ length: 5 }, () => pool.acquire()));
      for (const lease of leases) lease.release();
      expect(made.map(({ closed }) => closed)).toEqual([true, true, true, true, true]);
    }),
  );

  it(
    'frees the place of what is replaced or found broken',
    onBench(async (bench) => {
      const { pool, made } = thingPool(bench, 1);
      const one = await pool.acquire();
      const next = pool.acquire();
      await one.replace();
      const two = await next;
      expect([two.value.id, made[0]?.closed]).toEqual([2, true]);
      two.value.closed = true;
      two.release();
      expect((await pool.acquire()).value.id).toBe(3);
      await pool.close();
    }),
  );

  it(
    'gives back after use, and closes what failed in it',
    onBench(async (bench) => {
      const { pool, made } = thingPool(bench, 1);
      expect(await pool.use(async ({ id }) => id * 10)).toBe(10);
      await expect(pool.use(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
      expect(made[0]?.closed).toBe(true);
      expect(await pool.use(async ({ id }) => id)).toBe(2);
      await pool.close();
      {
        const { pool: other, made: things } = thingPool(bench, 1);
        {
          await using lease = await other.acquire();
          expect(lease.value.id).toBe(1);
        }
        expect(other.size).toBe(0);
        await other.close();
        expect(things[0]?.closed).toBe(true);
      }
    }),
  );

  it(
    'grows and shrinks; below what is on loan only by force',
    onBench(async (bench) => {
      const { pool, made } = thingPool(bench, 1);
      const one = await pool.acquire();
      const waiting = pool.acquire();
      await pool.resize(3);
      const two = await waiting;
      const three = await pool.acquire();
      three.release();
      await expect(pool.resize(1)).rejects.toBeInstanceOf(InvalidArgumentError);
      await pool.resize(1, { force: true });
      expect(made[2]?.closed).toBe(true);
      two.release();
      expect(made[1]?.closed).toBe(true);
      one.release();
      expect(made[0]?.closed).toBe(false);
      await expect(pool.resize(-1)).rejects.toBeInstanceOf(InvalidArgumentError);
      expect(pool.limit).toBe(1);
      await pool.close();
    }),
  );

  it(
    'closes what it holds and what it lent, also what is just being made, and sends waiters away',
    onBench(async (bench) => {
      const { pool, made, control } = thingPool(bench, 2);
      await pool.acquire();
      let proceed!: () => void;
      control.create = () => new Promise<void>((resolve) => (proceed = resolve));
      const making = pool.acquire();
      await bench.settle();
      const waiting = pool.acquire();
      await pool.close();
      proceed();
      await expect(making).rejects.toMatchObject({ code: 'CLOSED' });
      await expect(waiting).rejects.toMatchObject({ code: 'CLOSED' });
      await bench.settle();
      expect(made.map(({ closed }) => closed)).toEqual([true, true]);
      await expect(pool.acquire()).rejects.toMatchObject({ code: 'CLOSED' });
      await pool.close();
    }),
  );

  it.each([
    ['rejects', () => Promise.reject(new Error('close'))],
    [
      'throws',
      () => {
        throw new Error('close');
      },
    ],
  ])('survives a close that %s, and says so in the log', (_, close) =>
    onBench(async (bench) => {
      const kind = { create: () => ({}), close, isUsable: () => true };
      const pool = new ResourcePool<object>(kind, bench.clock, 0, bench.logger);
      (await pool.acquire()).release();
      await bench.settle();
      expect(bench.log).toMatchObject([{ level: 'warn', fields: { error: { message: 'close' } } }]);
    })(),
  );

  it(
    'closes what broke while nobody used it',
    onBench(async (bench) => {
      const closed: number[] = [];
      let made = 0;
      let broken = 0;
      const kind = {
        create: () => (made += 1),
        close: async (thing: number) => closed.push(thing),
        isUsable: (thing: number) => thing !== broken,
      };
      const pool = new ResourcePool<number>(kind, bench.clock, 2);
      (await pool.acquire()).release();
      broken = 1;
      expect((await pool.acquire()).value).toBe(2);
      expect(closed).toEqual([1]);
    }),
  );
});

describe('connection.pool()', () => {
  it(
    'lends clones that connect on demand, and a broken one comes back to life',
    onBench(async (bench) => {
      const connection = bench.connection();
      const pool = connection.pool({ limit: 2 });
      const one = await pool.acquire();
      expect(one.value).not.toBe(connection);
      expect(bench.network.attempts).toBe(0);
      await one.value.connect();
      one.release();
      await bench.network.drop();
      const again = await pool.acquire();
      expect(again.value).toBe(one.value);
      const publishing = again.value.producer().publish('a', { routingKey: 'tasks', declare: [new Queue('tasks')] });
      await bench.within(60_000, publishing);
      await bench.within(20_000, again.value.close());
      again.release();
      const fresh = await pool.acquire();
      expect(fresh.value).not.toBe(one.value);
      await fresh.value.connect();
      const lent: Connection = fresh.value;
      await bench.within(20_000, pool.close());
      expect(lent.state).toBe('closed');
      expect(bench.network.connections).toBe(0);
    }),
  );
});

describe('connection.channelPool()', () => {
  it(
    'lends channels of the connection; a closed one is replaced',
    onBench(async (bench) => {
      const connection = bench.connection();
      const pool = connection.channelPool({ limit: 1 });
      const one = await pool.acquire();
      expect(one.value.isOpen).toBe(true);
      await expect(pool.tryAcquire()).rejects.toBeInstanceOf(LimitExceededError);
      one.release();
      expect((await pool.acquire()).value).toBe(one.value);
      await one.value.close();
      one.release();
      await pool.close();
      expect(connection.connected).toBe(true);
      expect(bench.broker.channels).toHaveLength(0);
    }),
  );

  it(
    'gives a place back when a channel cannot be opened',
    onBench(async (bench) => {
      bench.network.refuse();
      const pool = bench.connection({ recovery: false }).channelPool({ limit: 1 });
      await expect(pool.acquire()).rejects.toMatchObject({ code: 'CONNECTION_FAILED' });
      bench.network.heal();
      (await pool.acquire()).release();
      await pool.close();
    }),
  );
});
