import { EmptyError, Queue, SimpleBuffer, SimpleQueue } from '@kombu/core';

import { delayAnswer } from '../../src/fault/faults.ts';
import { onBench } from './support/bench.ts';

describe('SimpleQueue', () => {
  it(
    'puts and gets through a direct exchange, a queue and a key of one name',
    onBench(async (bench) => {
      const connection = bench.connection();
      await using queue = connection.simpleQueue<{ n: number }>('jobs');
      await queue.put({ n: 1 });
      expect(bench.broker.log).toContain('bind jobs jobs jobs');
      const message = await queue.get();
      expect(message.payload).toEqual({ n: 1 });
      await message.ack();
      expect(await queue.qsize()).toBe(0);
    }),
  );

  it(
    'takes a Queue, too, with or without an exchange',
    onBench(async (bench) => {
      const connection = bench.connection();
      for (const given of [new Queue('plain'), new Queue('routed', { exchange: 'media', routingKey: 'k' })]) {
        const queue = connection.simpleQueue(given);
        await queue.put('a');
        expect((await queue.get()).payload).toBe('a');
        await queue.close();
      }
    }),
  );

  it(
    'get waits, and rejects with EmptyError when its time is up; the message that comes late is for the next',
    onBench(async (bench) => {
      const queue = bench.connection().simpleQueue('jobs');
      await expect(bench.within(100, queue.get({ timeout: 100 }))).rejects.toBeInstanceOf(EmptyError);
      await queue.put('late');
      await bench.settle();
      expect((await queue.get({ timeout: 100 })).payload).toBe('late');
    }),
  );

  it(
    'get ends with its signal, and loses nothing',
    onBench(async (bench) => {
      const queue = bench.connection().simpleQueue('jobs');
      const controller = new AbortController();
      const getting = queue.get({ signal: controller.signal });
      await bench.settle();
      controller.abort();
      await expect(getting).rejects.toMatchObject({ code: 'ABORTED' });
      await queue.put('a');
      await bench.settle();
      expect((await queue.get({ timeout: 100 })).payload).toBe('a');
    }),
  );

  it(
    'gives each of several callers a message of its own, also when nobody acks',
    onBench(async (bench) => {
      const queue = bench.connection().simpleQueue<number>('jobs');
      const getting = [queue.get(), queue.get(), queue.get()];
      for (let n = 1; n <= 5; n++) await queue.put(n);
      const messages = await Promise.all(getting);
      expect(new Set(messages.map(({ payload }) => payload))).toEqual(new Set([1, 2, 3]));
      expect((await queue.get()).payload).toBe(4);
      expect((await queue.get()).payload).toBe(5);
    }),
  );

  it(
    'fetches no more than was asked for: others can have the rest',
    onBench(async (bench) => {
      const connection = bench.connection();
      const queue = connection.simpleQueue<number>('jobs');
      const other = connection.simpleQueue<number>('jobs');
      for (let n = 1; n <= 10; n++) await queue.put(n);
      const first = await queue.get();
      await bench.settle();
      expect(bench.broker.ready('jobs').length).toBeGreaterThanOrEqual(8);
      expect((await other.get()).payload).toBeLessThanOrEqual(3);
      await first.ack();
    }),
  );

  it(
    'works again after a start that failed',
    onBench(async (bench) => {
      const queue = bench.connection({ recovery: false }).simpleQueue('jobs');
      bench.network.refuse();
      await expect(queue.get()).rejects.toMatchObject({ code: 'CONNECTION_FAILED' });
      bench.network.heal();
      await queue.put('a');
      expect((await queue.get()).payload).toBe('a');
      const slow = bench.connection().simpleQueue('jobs');
      bench.network.hangConnect();
      await expect(bench.within(31_000, slow.get({ timeout: 31_000 }))).rejects.toBeTruthy();
      bench.network.heal();
      await queue.put('b');
      expect((await bench.within(60_000, slow.get({ timeout: 60_000 }))).payload).toBe('b');
    }),
  );

  it(
    'getNowait, qsize and clear do not start to consume',
    onBench(async (bench) => {
      const queue = bench.connection().simpleQueue('jobs');
      await expect(queue.getNowait()).rejects.toBeInstanceOf(EmptyError);
      await queue.put('a');
      await queue.put('b');
      await queue.put('c');
      expect((await queue.getNowait()).payload).toBe('a');
      expect(await queue.qsize()).toBe(2);
      expect(await queue.clear()).toBe(2);
      expect(bench.broker.consumers('jobs')).toHaveLength(0);
    }),
  );

  it(
    'obeys serializer, compression and accept',
    onBench(async (bench) => {
      const connection = bench.connection();
      const queue = connection.simpleQueue('jobs', { serializer: 'json', compression: 'gzip', accept: ['json'] });
      await queue.put('text');
      const message = await queue.get();
      expect(message).toMatchObject({
        contentType: 'application/json',
        headers: { compression: 'application/x-gzip' },
      });
      expect(message.payload).toBe('text');
      await connection.simpleQueue('jobs').put('plain');
      const plain = await queue.get();
      expect(() => plain.payload).toThrow();
    }),
  );

  it(
    'close gives back what is unsettled, ends whoever waits, and is idempotent',
    onBench(async (bench) => {
      const connection = bench.connection();
      const queue = new SimpleQueue<number>(connection, 'jobs');
      await queue.put(1);
      await queue.get();
      const waiting = queue.get().catch((error: unknown) => error);
      await bench.settle();
      await queue.close();
      await queue.close();
      expect(await waiting).toBeInstanceOf(EmptyError);
      expect(bench.broker.ready('jobs')).toEqual(['1']);
      await expect(queue.get()).rejects.toBeTruthy();
      expect(connection.internals.consumers.size).toBe(0);
    }),
  );
});

describe('SimpleBuffer', () => {
  it(
    'keeps nothing: transient, exclusive, gone with its user, and nothing to ack',
    onBench(async (bench) => {
      const connection = bench.connection();
      const buffer = connection.simpleBuffer('scratch');
      expect(buffer).toBeInstanceOf(SimpleBuffer);
      await buffer.put('a');
      expect(bench.broker.queues.get('scratch')?.declaration).toMatchObject({
        durable: false,
        exclusive: true,
        autoDelete: true,
      });
      const message = await buffer.get();
      expect(message.payload).toBe('a');
      expect(message.properties.deliveryMode).toBe(1);
      expect(bench.broker.channels.every(({ unsettled }) => unsettled.size === 0)).toBe(true);
      await buffer.close();
      expect(bench.broker.queues.has('scratch')).toBe(false);
    }),
  );
});

describe('the bounds of a simple queue', () => {
  it(
    'hold for everything that it asks of the broker, all steps together',
    onBench(async (bench) => {
      const queue = bench.connection().simpleQueue('tasks');
      bench.rules.push({
        method: ['declareExchange', 'declareQueue', 'bind', 'get', 'purgeQueue'],
        fault: delayAnswer(400),
      });
      for (const ask of ['getNowait', 'qsize', 'clear'] as const) {
        const start = bench.clock.now();
        const asked: Promise<unknown> = queue[ask]({ timeout: 1000 });
        await expect(bench.within(2000, asked)).rejects.toMatchObject({ code: 'TIMEOUT' });
        expect(bench.clock.now() - start).toBe(1000);
        // What was asked for last is still under way.
        await bench.clock.advance(1000);
      }
    }),
  );
});
