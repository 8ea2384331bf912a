import type { Logger } from '@kombu/core';
import { Connection, Exchange, NotFoundError, Queue } from '@kombu/core';

import { Gate } from '../../src/fault/gate.ts';
import { LeakProbe } from '../../src/leak-probe.ts';
import { createMemoryTransport } from '../../src/memory/memory-transport.ts';
import { MemoryBench } from './support/memory-bench.ts';
import { Bench } from './support/bench.ts';
import { openAndClose } from './support/open-and-close.ts';

const fails = (): never => {
  throw new Error('hook');
};
const rejects = (): Promise<never> => Promise.reject(new Error('late hook'));
const logger: Logger = { debug: fails, info: fails, warn: fails, error: fails };

/** Lets stray errors come out. Jest counts them for us: a test during which one comes fails, whoever listens. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** The worst that applications do, on whichever broker: no listeners, and hooks that all throw. */
async function misbehave(bench: Bench | MemoryBench, hook: () => unknown): Promise<void> {
  const options = { logger, recovery: { errback: hook as never } };
  const quiet = bench.connection(options);
  const connection = bench.connection(options);
  for (const event of ['state', 'blocked', 'consumerCancelled', 'consumerError', 'gap', 'returned'] as const) {
    connection.on(event, hook);
  }
  const queue = new Queue<string>('tasks', { onDeclared: hook });
  const good = new Queue('good');
  const got: unknown[] = [];
  await quiet.consume(good, (body, message) => {
    got.push(body);
    return message.ack();
  });

  // Channel-level errors.
  await expect(new Exchange('missing').declare(connection, { passive: true })).rejects.toBeInstanceOf(NotFoundError);
  await expect(new Queue('missing').size(connection)).rejects.toBeInstanceOf(NotFoundError);
  await expect(new Queue('missing').get(connection)).rejects.toBeInstanceOf(NotFoundError);
  const producer = connection.producer({ onReturn: hook, mandatory: true });
  await expect(producer.publish('a', { routingKey: 'nowhere' })).rejects.toMatchObject({ code: 'UNROUTABLE' });

  // Handlers that throw, reject, settle twice, forget to wait.
  const gate = new Gate();
  gate.shut();
  let running = 0;
  await connection.consume<string>(
    queue,
    async (body, message) => {
      if (body === 'throw') throw new Error('handler');
      if (body === 'twice') {
        await message.ack();
        await message.ack();
      }
      if (body === 'forget') {
        void message.ack();
        void message.ack();
        void message.reject();
      }
      if (body === 'slow') {
        running += 1;
        await gate.pass();
        await message.ack();
      }
    },
    { onError: hook, onDecodeError: hook },
  );
  for (const body of ['throw', 'twice', 'forget']) await producer.publish(body, { routingKey: 'tasks' });
  await producer.publish('{"broken', { routingKey: 'tasks', contentType: 'application/json' });
  await bench.clock.advance(2000);
  expect(connection.generation).toBe(1);

  // The link goes in the middle of a handler.
  await producer.publish('slow', { routingKey: 'tasks' });
  await bench.until(1000, () => running > 0);
  await bench.network.drop();
  gate.open();
  await bench.until(60_000, () => connection.connected && quiet.connected);

  // The queue goes under its consumer.
  await queue.delete(quiet);
  await bench.clock.advance(2000);

  // Others did not notice any of it.
  await quiet.producer().publish('still here', { routingKey: 'good', retry: true });
  await bench.until(60_000, () => got.includes('still here'));
  await bench.within(20_000, connection.close());
  await bench.within(20_000, quiet.close());
}

describe.each([
  ['a strict broker', () => new Bench()],
  ['the in-memory transport', () => new MemoryBench()],
])('on %s, with hooks that all fail', (_, make) => {
  it.each([
    ['throwing', fails],
    ['rejecting', rejects],
  ])('by %s: nothing escapes, the connection lives, others go on (R13)', async (__, hook) => {
    const bench = make();
    await misbehave(bench, hook);
    await bench.close();
    await turns();
  });
});

describe('errors of a channel', () => {
  it('cost no link, and other channels deliver', async () => {
    const bench = new Bench();
    const connection = bench.connection({ logger });
    const got: unknown[] = [];
    await connection.consume('good', (body) => got.push(body), { noAck: true });
    const channel = await connection.channel();
    for (let n = 0; n < 20; n++) {
      await expect(new Queue('missing').get(channel)).rejects.toBeInstanceOf(NotFoundError);
      await connection.producer().publish(n, { routingKey: 'good' });
    }
    await bench.settle();
    expect(got).toHaveLength(20);
    expect(connection.generation).toBe(1);
    await bench.close();
  });
});

describe('leaks (R27)', () => {
  it('1000 connections that open, publish, consume and close leave nothing behind', async () => {
    const transport = createMemoryTransport();
    await openAndClose(transport, 20);
    const probe = await LeakProbe.start({ gauges: { connections: () => transport.broker()?.connections ?? 0 } });
    await openAndClose(transport, 1000);
    await probe.assertClean();
  }, 20_000);

  it('300 reconnects leave nothing behind', async () => {
    const bench = new MemoryBench();
    const connection = bench.connection();
    const seen: unknown[] = [];
    await connection.consume('tasks', (body, message) => {
      seen.push(body);
      return message.ack();
    });
    const reconnect = async (): Promise<void> => {
      await bench.network.drop();
      await bench.until(600_000, () => connection.connected);
      await connection.producer().publish('a', { routingKey: 'tasks', retry: true });
    };
    for (let n = 0; n < 5; n++) await reconnect();
    const { internals } = connection;
    const sizes = (): unknown => [
      internals.channels.size,
      internals.consumers.size,
      internals.producers.size,
      bench.network.connections,
      bench.clock.pending,
    ];
    await bench.settle();
    const before = sizes();
    for (let n = 0; n < 300; n++) await reconnect();
    await bench.settle();
    expect(sizes()).toEqual(before);
    expect(seen.length).toBeGreaterThanOrEqual(305);
    await bench.close();
  }, 20_000);

  it('a connection that nobody closed keeps no timer but those of its transport', async () => {
    const probe = await LeakProbe.start();
    const connection = new Connection('memory://idle', { transport: createMemoryTransport() });
    await connection.connect();
    await connection.producer().publish('a', { routingKey: 'tasks', declare: [new Queue('tasks')] });
    expect(probe.compare().filter(({ name }) => name.startsWith('resource'))).toEqual([]);
    await connection.close();
    await probe.assertClean();
  });
});
