import type { ConnectionEvents } from '@kombu/core';

import { changeAnswer } from '../../src/fault/faults.ts';
import type { TransportFaultRule } from '../../src/fault/faulty-transport.ts';
import { onBench } from './support/bench.ts';

/** A broker whose queues keep nothing while their consumer is away. */
const ephemeral: TransportFaultRule = { method: 'consume', fault: changeAnswer(() => ({ ephemeral: true })) };

describe('the event `gap`', () => {
  it(
    'tells each time that a consumer was away whose queue kept nothing, and since when',
    onBench(async (bench) => {
      bench.rules.push(ephemeral);
      const connection = bench.connection();
      const gaps: ConnectionEvents['gap'][] = [];
      connection.on('gap', (gap) => gaps.push(gap));
      const consumer = await connection.consume('news', () => {});
      const [{ consumerTag } = { consumerTag: '' }] = consumer.health();
      await bench.clock.advance(60_000);
      expect(gaps).toEqual([]);

      const lostAt = bench.clock.now();
      bench.network.refuse(3);
      await bench.network.drop();
      await bench.until(60_000, () => connection.health().healthy);
      expect(gaps).toEqual([{ queue: 'news', consumerTag, since: lostAt }]);
      expect(bench.logged('warn')).toContain("The consumer of queue 'news' was away and may have missed messages");

      await bench.clock.advance(60_000);
      const cancelledAt = bench.clock.now();
      for (const { channel } of bench.broker.consumers('news')) channel.end(new Error('channel closed'));
      await bench.until(60_000, () => connection.health().healthy);
      expect(gaps.slice(1)).toEqual([{ queue: 'news', consumerTag, since: cancelledAt }]);
    }),
  );

  it(
    'counts from the first loss, when the link breaks again before the consumer is back',
    onBench(async (bench) => {
      bench.rules.push(ephemeral);
      const connection = bench.connection();
      const gaps: number[] = [];
      connection.on('gap', ({ since }) => gaps.push(since));
      await connection.consume('news', () => {});
      await bench.clock.advance(60_000);
      const lostAt = bench.clock.now();
      bench.rules.unshift({ method: 'consume', times: 2, fault: async () => bench.network.drop() });
      await bench.network.drop();
      await bench.until(60_000, () => connection.health().healthy);
      expect(connection.generation).toBe(4);
      expect(gaps).toEqual([lostAt]);
    }),
  );

  it(
    'is not for queues that keep their messages, nor for consumers that were cancelled and started again',
    onBench(async (bench) => {
      const connection = bench.connection();
      const gaps: unknown[] = [];
      connection.on('gap', (gap) => gaps.push(gap));
      await connection.consume('tasks', () => {});
      await bench.network.drop();
      await bench.until(60_000, () => connection.health().healthy);
      bench.rules.push(ephemeral);
      const consumer = await connection.consume('news', () => {});
      await consumer.cancel();
      await consumer.consume();
      expect(gaps).toEqual([]);
    }),
  );
});
