import { Connection, PoolGroup, ConnectionPool, ProducerPool, Queue, connections, producers } from '@kombu/core';
import { onMemory } from '../client/support/memory-bench.ts';

describe('behaviours 8 and 9: groups of pools', () => {
  it('have one pool for each broker and its rights, with a limit of 10', async () => {
    const group = new PoolGroup((connection, limit) => new ConnectionPool(connection, limit));
    const pool = group.for(new Connection('memory://one', { transportOptions: { a: 1, b: 2 } }));
    expect(pool.limit).toBe(10);
    expect(group.for(new Connection('memory://one', { transportOptions: { b: 2, a: 1 } }))).toBe(pool);
    for (const other of [
      new Connection('memory://two', { transportOptions: { a: 1, b: 2 } }),
      new Connection('memory://one'),
      new Connection('memory://one', { transportOptions: { a: 1, b: 2 }, userid: 'else' }),
    ]) {
      expect(group.for(other)).not.toBe(pool);
    }
    await group.setLimit(3);
    expect(pool.limit).toBe(3);
    expect(group.for(new Connection('memory://three')).limit).toBe(3);
    await group.reset();
    expect(group.for(new Connection('memory://one', { transportOptions: { a: 1, b: 2 } }))).not.toBe(pool);
    await expect(pool.acquire()).rejects.toMatchObject({ code: 'CLOSED' });
    await group.reset();
  });

  it(
    'the groups of the process lend connections and producers',
    onMemory(async (bench) => {
      const connection = bench.connection();
      const queue = new Queue('q');
      await producers.for(connection).use((producer) => producer.publish('a', { routingKey: 'q', declare: [queue] }));
      const lease = await connections.for(connection).acquire();
      expect(await queue.size(lease.value)).toBe(1);
      lease.release();
      await producers.reset();
      await bench.within(1000, connections.reset());
    }),
  );

  it(
    'a producer gives its connection back with itself, and when it cannot be made',
    onMemory(async (bench) => {
      const pool = bench.connection().pool({ limit: 1 });
      const pooled = new ProducerPool(pool, 5);
      const first = await pooled.acquire();
      expect(pool.size).toBe(1);
      await expect(bench.within(200, pooled.acquire({ timeout: 100 }))).rejects.toMatchObject({
        code: 'LIMIT_EXCEEDED',
      });
      first.release();
      first.release();
      expect(pool.size).toBe(0);
      const broken = new ProducerPool(pool, 5, { maxInFlight: -1 });
      await expect(broken.acquire()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
      expect(pool.size).toBe(0);
      await pooled.close();
      await expect(pooled.acquire()).rejects.toMatchObject({ code: 'CLOSED' });
      await pool.close();
    }),
  );

  it(
    'a limit of producers holds for itself',
    onMemory(async (bench) => {
      const pool = bench.connection().pool({ limit: 5 });
      const pooled = new ProducerPool(pool, 1);
      const first = await pooled.acquire();
      await expect(bench.within(200, pooled.acquire({ timeout: 100 }))).rejects.toMatchObject({
        code: 'LIMIT_EXCEEDED',
      });
      await first.replace();
      const second = await pooled.acquire();
      second.release();
      await pool.close();
    }),
  );
});
