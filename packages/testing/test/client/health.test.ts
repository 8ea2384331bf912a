import type { Message } from '@kombu/core';
import { Queue } from '@kombu/core';

import { failBefore, hangBefore } from '../../src/fault/faults.ts';
import { faultyStore } from '../../src/fault/faulty-store.ts';
import type { StoreFaultRule } from '../../src/fault/faulty-store.ts';
import { Gate } from '../../src/fault/gate.ts';
import { createMemoryTransport } from '../../src/memory/memory-transport.ts';
import { onBench } from './support/bench.ts';
import { onMemory } from './support/memory-bench.ts';
import { BrokerError } from './support/strict-error.ts';

const tasks = new Queue('tasks');
const ackIt = (_: unknown, message: Message): Promise<unknown> => message.ack();

describe('health() of a consumer (R26)', () => {
  it(
    'turns false when the link is a black hole, although nothing broke, and true again when it is not',
    onMemory(async (bench) => {
      const connection = bench.connection();
      await connection.consume(tasks, ackIt);
      await bench.clock.advance(600_000);
      expect(connection.health()).toMatchObject({ healthy: true, consumers: [{ lastReadAt: expect.any(Number) }] });
      bench.network.blackhole();
      const silentSince = bench.clock.now();
      await bench.clock.advance(50_000);
      expect(connection.health().healthy).toBe(true);
      await bench.clock.advance(30_000);
      const { healthy, state, consumers } = connection.health();
      expect([healthy, state]).toEqual([false, 'ready']);
      expect(consumers[0]?.lastReadAt).toBeLessThanOrEqual(silentSince);
      bench.network.heal();
      await bench.clock.advance(20_000);
      expect(connection.health().healthy).toBe(true);
    }),
  );

  it(
    'turns false when reads fail one after the other, although the link is there',
    onMemory(async (bench) => {
      const rules: StoreFaultRule[] = [];
      const transport = createMemoryTransport({
        clock: bench.clock,
        wrapStore: (store) => faultyStore(store, rules, { clock: bench.clock }),
      });
      const connection = bench.connection({ transport });
      await connection.consume(tasks, ackIt);
      await bench.clock.advance(60_000);
      rules.push({ method: 'get', fault: failBefore(() => new BrokerError('INTERNAL', 'no')) });
      await bench.clock.advance(120_000);
      expect(connection.health()).toMatchObject({ healthy: false, state: 'ready' });
      rules.length = 0;
      await bench.clock.advance(60_000);
      expect(connection.health().healthy).toBe(true);
    }),
  );

  it(
    'is well while its handlers are busy with all that it may have',
    onMemory(async (bench) => {
      const connection = bench.connection();
      const gate = new Gate();
      gate.shut();
      await connection.consume(tasks, () => gate.pass(), { prefetch: 1 });
      await connection.producer().publish('a', { routingKey: 'tasks' });
      await bench.clock.advance(600_000);
      expect(connection.health()).toMatchObject({ healthy: true, consumers: [{ inFlight: 1 }] });
      gate.open();
    }),
  );

  it(
    'tells why it is away, and forgets it when it is back',
    onBench(async (bench) => {
      const connection = bench.connection();
      await connection.consume(tasks, ackIt);
      const gate = new Gate();
      gate.shut();
      bench.rules.push({ method: 'consume', fault: hangBefore(gate) });
      for (const { channel } of bench.broker.consumers('tasks')) {
        channel.end(new BrokerError('PRECONDITION_FAILED', 'delivery acknowledgement timed out'));
      }
      await bench.settle();
      expect(connection.health()).toMatchObject({
        healthy: false,
        state: 'ready',
        lastError: undefined,
        consumers: [{ phase: 'subscribing', lastError: { message: expect.stringContaining('timed out') } }],
      });
      gate.open();
      await bench.settle();
      expect(connection.health()).toMatchObject({ healthy: true, consumers: [{ lastError: undefined }] });
    }),
  );

  it(
    'does not miss what nobody asked for: a queue that was added and not started, or could not be started',
    onBench(async (bench) => {
      const connection = bench.connection();
      const consumer = await connection.consume('one', ackIt);
      consumer.addQueue('two');
      expect(connection.health()).toMatchObject({
        healthy: true,
        consumers: [{ phase: 'consuming' }, { phase: 'cancelled' }],
      });
      await new Queue('two', { durable: false }).declare(bench.connection());
      await expect(consumer.consume()).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
      expect(connection.health()).toMatchObject({
        healthy: true,
        consumers: [{ phase: 'consuming' }, { phase: 'cancelled' }],
      });
    }),
  );

  it(
    'is not well while it waits for its first start',
    onBench(async (bench) => {
      const connection = await bench.connection().connect();
      const gate = new Gate();
      gate.shut();
      bench.rules.push({ method: 'declareQueue', fault: hangBefore(gate) });
      const starting = connection.consume(tasks, ackIt);
      await bench.settle();
      expect(connection.health()).toMatchObject({ healthy: false, consumers: [{ phase: 'subscribing' }] });
      gate.open();
      await starting;
      expect(connection.health().healthy).toBe(true);
    }),
  );
});
