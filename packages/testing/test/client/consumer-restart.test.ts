import type { Message } from '@kombu/core';
import { Consumer, Exchange, Queue } from '@kombu/core';

import { failBefore, hangAfter, hangBefore } from '../../src/fault/faults.ts';
import type { Fault } from '../../src/fault/fault-script.ts';
import { Gate } from '../../src/fault/gate.ts';
import type { Bench } from './support/bench.ts';
import { onBench } from './support/bench.ts';
import { BrokerError } from './support/strict-error.ts';

const tasks = new Queue('tasks');
const toTasks = { routingKey: 'tasks', declare: [tasks] };
const ackIt = (_: unknown, message: Message): Promise<unknown> => message.ack();
const shutGate = (): Gate => {
  const gate = new Gate();
  gate.shut();
  return gate;
};
const never: Fault = () => new Promise(() => {});
const refuse = (code: ConstructorParameters<typeof BrokerError>[0]): Fault =>
  failBefore(() => new BrokerError(code, 'injected refusal'));

/** Is the queue fed by exactly one consumer, which the broker and we agree on? */
async function isFed(bench: Bench, consumer: Consumer): Promise<void> {
  const before = bench.broker.count('ack');
  await bench.connection().producer().publish('probe', { routingKey: 'tasks' });
  await bench.settle();
  expect(bench.broker.count('ack')).toBe(before + 1);
  expect(bench.broker.consumers('tasks')).toHaveLength(1);
  expect(consumer.health()).toMatchObject([{ phase: 'consuming', lastError: undefined }]);
}

describe('a restart that fails half way (R1)', () => {
  it(
    'is tried again, later each time, and says so in its health and in the log',
    onBench(async (bench) => {
      const connection = bench.connection();
      const consumer = await connection.consume(tasks, ackIt);
      const times: number[] = [];
      bench.rules.push({
        method: 'consume',
        times: 4,
        fault: async ({ clock }) => {
          times.push(clock.now());
          throw new BrokerError('CHANNEL_ERROR', 'not now');
        },
      });
      await bench.network.drop();
      await bench.until(5000, () => times.length === 2);
      expect(connection.health()).toMatchObject({
        healthy: false,
        state: 'ready',
        consumers: [{ phase: 'subscribing', lastError: { code: 'CHANNEL_ERROR' } }],
      });
      expect(bench.logged('warn')).toContain("Consuming from queue 'tasks' again failed; it is tried again");
      await bench.until(60_000, () => connection.health().healthy);
      const waits = times.map((time, n) => time - (times[n - 1] ?? time)).slice(1);
      expect(waits).toEqual(waits.toSorted((one, other) => one - other));
      expect(waits[0]).toBeGreaterThan(0);
      await isFed(bench, consumer);
    }),
  );

  it(
    'does not wait for ever for a broker that declares and then does not answer',
    onBench(async (bench) => {
      const connection = bench.connection();
      const channel = await connection.channel();
      const consumer = new Consumer(channel, { queues: 'tasks', handler: ackIt });
      const neighbour = new Consumer(channel, { queues: 'others', handler: ackIt });
      await consumer.consume();
      await neighbour.consume();
      bench.rules.push({ method: 'consume', times: 1, fault: never });
      await bench.network.drop();
      await bench.until(60_000, () => connection.connected);
      await bench.settle();
      expect(connection.health().healthy).toBe(false);
      await bench.until(60_000, () => connection.health().healthy);
      expect(neighbour.health()).toMatchObject([{ phase: 'consuming' }]);
      await isFed(bench, consumer);
    }),
  );

  it(
    'does not believe in a link on which no channel can be opened',
    onBench(async (bench) => {
      const connection = bench.connection();
      const consumer = await connection.consume(tasks, ackIt);
      await bench.network.drop();
      bench.rules.push({ method: 'openChannel', skip: 1, times: 1, fault: never });
      await bench.until(60_000, () => connection.connected && connection.health().healthy);
      expect(connection.generation).toBe(3);
      await isFed(bench, consumer);
    }),
  );

  it(
    'takes no harm from a link that is given up for the sake of another consumer',
    onBench(async (bench) => {
      const connection = bench.connection();
      const consumer = await connection.consume(tasks, ackIt);
      for (let n = 0; n < 5; n++) await connection.consume(`q${n}`, ackIt);
      await bench.network.drop();
      bench.rules.push({ method: 'openChannel', skip: 1, times: 6, fault: never });
      await bench.clock.advance(1000);
      const deleting = new Queue('q0').purge(connection);
      const publishing = connection.producer().publish('a', { routingKey: 'q1' });
      await bench.until(60_000, () => connection.health().healthy);
      expect(connection.generation).toBe(3);
      await Promise.all([deleting, publishing]);
      await isFed(bench, consumer);
    }),
  );

  it(
    'notices that the broker cancelled it while it was being set up',
    onBench(async (bench) => {
      const connection = bench.connection();
      const consumer = await connection.consume(tasks, ackIt);
      bench.rules.push({
        method: 'consume',
        times: 1,
        fault: async ({ next }) => {
          const answer = await next();
          bench.broker.deleteQueue('tasks');
          return answer;
        },
      });
      await bench.network.drop();
      await bench.until(60_000, () => connection.health().healthy);
      await isFed(bench, consumer);
    }),
  );

  it(
    'does not hammer a broker that closes the channel again and again',
    onBench(async (bench) => {
      const connection = bench.connection();
      const consumer = await connection.consume(tasks, ackIt);
      const killChannel = (): void => {
        for (const { channel } of bench.broker.consumers('tasks')) channel.end(new BrokerError('CHANNEL_ERROR', 'no'));
      };
      bench.rules.push({
        method: 'consume',
        fault: async ({ next }) => {
          const answer = await next();
          setImmediate(killChannel);
          return answer;
        },
      });
      const before = bench.broker.count('consume');
      killChannel();
      await bench.clock.advance(20_000);
      const starts = bench.broker.count('consume') - before;
      expect(starts).toBeGreaterThan(3);
      expect(starts).toBeLessThan(12);
      bench.rules.length = 0;
      await bench.until(30_000, () => connection.health().healthy);
      await isFed(bench, consumer);
    }),
  );

  it(
    'of an exclusive consumer outlives the old link, which the broker still counts',
    onBench(async (bench) => {
      const connection = bench.connection();
      const consumer = await connection.consume(tasks, ackIt, { exclusive: true });
      bench.rules.push({ method: 'consume', times: 3, fault: refuse('ACCESS_REFUSED') });
      await bench.network.drop();
      await bench.until(60_000, () => connection.health().healthy);
      await isFed(bench, consumer);
    }),
  );

  it(
    'of an exclusive queue outlives the lock of the old link, and its bindings are back',
    onBench(async (bench) => {
      const news = new Exchange('news', { type: 'fanout' });
      const mine = new Queue('mine', { exchange: news, exclusive: true });
      const connection = bench.connection();
      const got: unknown[] = [];
      await connection.consume(mine, (body) => got.push(body), { noAck: true });
      bench.rules.push({
        method: 'declareQueue',
        match: ([queue]) => (queue as { name: string }).name === 'mine',
        times: 3,
        fault: refuse('RESOURCE_LOCKED'),
      });
      await bench.network.drop();
      await bench.until(60_000, () => connection.health().healthy);
      await connection.producer().publish('hello', { exchange: news });
      await bench.settle();
      expect(got).toEqual(['hello']);
    }),
  );

  it(
    'counts twice when the link breaks again meanwhile, and again',
    onBench(async (bench) => {
      const connection = bench.connection({}, 'strict://a;strict://b;strict://c');
      const consumer = await connection.consume(tasks, ackIt);
      await bench.clock.advance(60_000);
      // Host b dies while exchanges and queues are restored, host c while consumers are.
      bench.rules.push(
        { method: 'declareQueue', times: 1, fault: async () => bench.network.drop() },
        { method: 'consume', times: 1, fault: async () => bench.network.drop() },
      );
      bench.broker.onConnect = ({ hostname }) => {
        if (hostname === 'a' && bench.broker.targets.length < 4) throw new BrokerError('CONNECTION_FAILED', 'down');
      };
      await bench.network.drop();
      await bench.until(60_000, () => connection.health().healthy);
      expect(connection.generation).toBe(3);
      expect(bench.network.connections).toBe(1);
      await isFed(bench, consumer);
    }),
  );
});

describe('cancel() during a recovery', () => {
  it.each<[string, (bench: Bench) => unknown]>([
    ['while there is no link', (bench) => bench.network.refuse()],
    ['while the topology is restored', (bench) => bench.rules.push({ method: 'declareQueue', fault: never })],
    ['while it is subscribed', (bench) => bench.rules.push({ method: 'consume', fault: hangBefore(shutGate()) })],
    ['when the answer is on its way', (bench) => bench.rules.push({ method: 'consume', fault: hangAfter(shutGate()) })],
    ['between two tries', (bench) => bench.rules.push({ method: 'consume', fault: refuse('CHANNEL_ERROR') })],
  ])('%s is final and bounded', (_, trouble) =>
    onBench(async (bench) => {
      const connection = bench.connection();
      const consumer = await connection.consume(tasks, ackIt);
      // A link that has lived for a while is made anew at once.
      await bench.clock.advance(60_000);
      trouble(bench);
      await bench.network.drop();
      await bench.clock.advance(50);
      expect(connection.health().healthy).toBe(false);
      await bench.within(31_000, consumer.cancel());
      expect(consumer.health()).toMatchObject([{ phase: 'cancelled' }]);
      bench.rules.length = 0;
      bench.network.heal();
      await bench.until(120_000, () => connection.connected);
      await bench.clock.advance(60_000);
      expect(bench.broker.consumers('tasks')).toEqual([]);
      // And it is no obstacle to a new start.
      await bench.within(30_000, consumer.consume());
      await isFed(bench, consumer);
    })(),
  );

  it(
    'that the broker does not answer ends the channel, and with it the consumer',
    onBench(async (bench) => {
      const connection = bench.connection();
      const consumer = await connection.consume(tasks, ackIt);
      bench.rules.push({ method: 'cancel', times: 1, fault: never });
      await bench.within(31_000, consumer.cancel());
      await bench.settle();
      expect(bench.broker.consumers('tasks')).toEqual([]);
      expect(connection.generation).toBe(1);
    }),
  );
});

describe('consume()', () => {
  it(
    'resolves at once when it is cancelled, whatever it waits for',
    onBench(async (bench) => {
      bench.network.refuse();
      const consumer = bench.connection().consumer(tasks, { handler: ackIt });
      const starting = consumer.consume();
      await bench.settle();
      await bench.within(0, consumer.cancel());
      await bench.within(0, starting);
      await bench.settle();
      expect(bench.clock.pending).toBe(0);
    }),
  );

  it(
    'keeps its timeout over all queues together',
    onBench(async (bench) => {
      const consumer = bench.connection().consumer(['one', 'two', 'three'], { handler: ackIt });
      bench.rules.push({
        method: ['declareQueue', 'consume'],
        fault: async ({ clock, next }) => {
          await new Promise<void>((resolve) => clock.setTimeout(resolve, 400));
          return next();
        },
      });
      const start = bench.clock.now();
      await expect(bench.within(1000, consumer.consume({ timeout: 1000 }))).rejects.toMatchObject({ code: 'TIMEOUT' });
      expect(bench.clock.now() - start).toBe(1000);
      await bench.clock.advance(10_000);
      expect(bench.broker.consumers('two')).toEqual([]);
      expect(consumer.health().map(({ phase }) => phase)).toEqual(['consuming', 'cancelled', 'cancelled']);
    }),
  );

  it(
    'that joins a start under way keeps its own timeout, and leaves the start to the others',
    onBench(async (bench) => {
      const gate = shutGate();
      bench.rules.push({ method: 'consume', fault: hangBefore(gate) });
      const consumer = bench.connection().consumer(tasks, { handler: ackIt });
      const first = consumer.consume();
      await expect(bench.within(100, consumer.consume({ timeout: 100 }))).rejects.toMatchObject({ code: 'TIMEOUT' });
      gate.open();
      await first;
      await isFed(bench, consumer);
    }),
  );

  it(
    'can be called again after one that timed out, although the broker answered the first one later',
    onBench(async (bench) => {
      const gate = shutGate();
      bench.rules.push({ method: 'consume', times: 1, fault: hangAfter(gate) });
      const consumer = bench.connection().consumer(tasks, { handler: ackIt });
      await expect(bench.within(100, consumer.consume({ timeout: 100 }))).rejects.toMatchObject({ code: 'TIMEOUT' });
      const again = consumer.consume();
      await bench.settle();
      gate.open();
      await bench.within(1000, again);
      await isFed(bench, consumer);
    }),
  );

  it(
    'gives the broker the prefetch that is wanted in the end',
    onBench(async (bench) => {
      const gate = shutGate();
      bench.rules.push({ method: 'consume', times: 1, fault: hangAfter(gate) });
      const consumer = bench.connection().consumer(tasks, { handler: ackIt, prefetch: 5 });
      const starting = consumer.consume();
      await bench.settle();
      await consumer.qos({ prefetchCount: 7 });
      gate.open();
      await starting;
      expect(bench.broker.consumers('tasks')[0]?.options.prefetch).toBe(7);
    }),
  );

  it(
    'does not fail a change of the prefetch for a link that breaks: the next one gets it',
    onBench(async (bench) => {
      const connection = bench.connection();
      const consumer = await connection.consume(tasks, ackIt, { prefetch: 5 });
      bench.rules.push({ method: 'setPrefetch', times: 1, fault: async () => bench.network.drop() });
      await bench.within(1000, consumer.qos({ prefetchCount: 7 }));
      await bench.until(60_000, () => connection.health().healthy);
      expect(bench.broker.consumers('tasks')[0]?.options.prefetch).toBe(7);
    }),
  );
});

describe('messages that need no ack', () => {
  it(
    'and wait for a handler are not lost with the link: they are nowhere else',
    onBench(async (bench) => {
      const gate = shutGate();
      const got: unknown[] = [];
      const connection = bench.connection();
      const handler = async (body: unknown): Promise<void> => {
        got.push(body);
        await gate.pass();
      };
      await connection.consume(tasks, handler, { noAck: true, concurrency: 1 });
      for (let n = 1; n <= 3; n++) await connection.producer().publish(n, toTasks);
      await bench.settle();
      expect(got).toEqual([1]);
      await bench.network.drop();
      gate.open();
      await bench.until(60_000, () => connection.health().healthy);
      expect(got).toEqual([1, 2, 3]);
    }),
  );
});
