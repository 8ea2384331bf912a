import type { CloseReport, Connection } from '@kombu/core';
import { ConnectionError, Queue } from '@kombu/core';

import { hangAfter, hangBefore } from '../../src/fault/faults.ts';
import { Gate } from '../../src/fault/gate.ts';
import type { Bench } from './support/bench.ts';
import { onBench } from './support/bench.ts';

const toTasks = { routingKey: 'tasks', declare: [new Queue('tasks')] };
const nothing: CloseReport = { completed: 0, released: 0, abandoned: 0 };
/** What closing by force may take on top of the timeout. */
const forceMs = 250;

const shutGate = (): Gate => {
  const gate = new Gate();
  gate.shut();
  return gate;
};

/** Closes within the timeout, whatever the state; nothing may be left behind. */
async function closesIn(bench: Bench, connection: Connection, timeout: number): Promise<CloseReport> {
  const start = bench.clock.now();
  const report = await bench.within(timeout + forceMs, connection.close({ timeout }));
  await bench.settle();
  expect(bench.clock.now() - start).toBeLessThanOrEqual(timeout + forceMs);
  expect(connection.state).toBe('closed');
  expect(connection.connected).toBe(false);
  expect(bench.clock.pending).toBe(0);
  return report;
}

/** Publishes and consumes `count` messages with a handler that waits for the gate. */
async function consumeInto(bench: Bench, connection: Connection, gate: Gate, count: number): Promise<unknown[]> {
  const started: unknown[] = [];
  const producer = connection.producer();
  await connection.consume(
    'tasks',
    async (body, message) => {
      started.push(body);
      await gate.pass();
      await message.ack();
    },
    { concurrency: 2 },
  );
  for (let n = 1; n <= count; n++) await producer.publish(n, toTasks);
  await bench.settle();
  return started;
}

/** Every state, and how a connection gets into it. */
const states: Record<string, (bench: Bench, connection: Connection) => unknown> = {
  idle: () => {},
  connecting: (bench, connection) => {
    bench.network.refuse();
    connection.ensureConnection().catch(() => {});
  },
  'connecting to a host that hangs': (bench, connection) => {
    bench.network.hangConnect();
    connection.connect().catch(() => {});
  },
  ready: (_, connection) => connection.connect(),
  recovering: async (bench, connection) => {
    await connection.connect();
    bench.network.refuse();
    await bench.network.drop();
  },
  'recovering, with operations that wait': async (bench, connection) => {
    await connection.consume('tasks', () => {});
    bench.network.refuse();
    await bench.network.drop();
    connection
      .producer()
      .publish('a', toTasks)
      .catch(() => {});
    connection
      .producer()
      .publish('a', { routingKey: 'tasks' })
      .catch(() => {});
    connection
      .producer()
      .publish('a', { routingKey: 'tasks', retry: true })
      .catch(() => {});
    new Queue('tasks').declare(connection).catch(() => {});
    connection.consume('others', () => {}).catch(() => {});
    connection.channel().catch(() => {});
    connection.drainEvents().catch(() => {});
    connection
      .simpleQueue('tasks')
      .get()
      .catch(() => {});
    connection.ensureConnection().catch(() => {});
    await bench.settle();
  },
  'restoring what was declared': async (bench, connection) => {
    await new Queue('tasks').declare(connection);
    bench.rules.push({ method: 'declareQueue', fault: hangBefore(shutGate()) });
    await bench.network.drop();
    await bench.settle();
  },
  blocked: async (bench, connection) => {
    await connection.producer().publish('a', toTasks);
    bench.broker.block('low on memory');
    connection
      .producer()
      .publish('b', toTasks)
      .catch(() => {});
    await bench.settle();
  },
  consuming: (_, connection) => connection.consume('tasks', () => {}),
  'cut off without a word': async (bench, connection) => {
    await connection.consume('tasks', () => {});
    await connection.producer().publish('a', toTasks);
    bench.network.blackhole();
    connection
      .producer()
      .publish('a', toTasks)
      .catch(() => {});
    new Queue('tasks').purge(connection).catch(() => {});
    await bench.settle();
  },
};

describe.each(Object.keys(states))('close() while %s', (name) => {
  it.each([0, 1000])('settles within its timeout of %i ms and leaves no timer', (timeout) =>
    onBench(async (bench) => {
      const connection = bench.connection();
      await states[name]?.(bench, connection);
      await closesIn(bench, connection, timeout);
      expect(bench.network.connections).toBe(0);
    })(),
  );

  it(
    'is one close, however often it is called',
    onBench(async (bench) => {
      const connection = bench.connection();
      await states[name]?.(bench, connection);
      const closes = [connection.close({ timeout: 100 }), connection.release(), connection[Symbol.asyncDispose]()];
      const [first, second] = await bench.within(100 + forceMs, Promise.all(closes));
      expect(second).toBe(first);
      expect(await connection.close()).toBe(first);
    }),
  );
});

describe('after close()', () => {
  it(
    'every operation rejects with CLOSED, and nothing connects again',
    onBench(async (bench) => {
      const connection = bench.connection();
      const producer = connection.producer();
      const channel = await connection.channel();
      await connection.close();
      const operations = [
        () => connection.connect(),
        () => connection.ensureConnection(),
        () => connection.channel(),
        () => producer.publish('a', toTasks),
        () => connection.producer().publish('a', { routingKey: 'tasks' }),
        () => connection.consume('tasks', () => {}),
        () => connection.drainEvents(),
        () => new Queue('tasks').declare(connection),
        () => new Queue('tasks').get(channel),
        () => connection.ensure(async () => 1),
      ];
      for (const operation of operations) {
        const error = await operation().catch((cause: unknown) => cause);
        expect([String(operation), error]).toEqual([String(operation), expect.objectContaining({ code: 'CLOSED' })]);
        expect(error).toBeInstanceOf(ConnectionError);
      }
      await bench.clock.advance(60_000);
      expect(bench.network.attempts).toBe(1);
    }),
  );
});

describe('close() and what waits', () => {
  it(
    'makes everything that waits for a link reject with CLOSED',
    onBench(async (bench) => {
      bench.network.refuse();
      const connection = bench.connection();
      const producer = connection.producer({ maxInFlight: 1 });
      const waiting = [
        producer.publish('a', { routingKey: 'tasks' }),
        producer.publish('b', { routingKey: 'tasks' }),
        producer.publish('c', { routingKey: 'tasks', retry: true }),
        connection.producer().publish('d', toTasks),
        connection.channel(),
        connection.consume('tasks', () => {}),
        connection.ensureConnection(),
        connection.drainEvents(),
        new Queue('tasks').get(connection),
      ].map((each) =>
        each.then(
          () => 'done',
          (error: { code: string }) => error.code,
        ),
      );
      await bench.settle();
      await closesIn(bench, connection, 100);
      expect(await Promise.all(waiting)).toEqual(waiting.map(() => 'CLOSED'));
    }),
  );

  it(
    'does not wait for publishes that have no link to go to',
    onBench(async (bench) => {
      bench.network.refuse();
      const connection = bench.connection();
      const publishing = connection
        .producer()
        .publish('a', { routingKey: 'tasks' })
        .catch((error: unknown) => error);
      await bench.settle();
      const report = await bench.within(forceMs, connection.close({ timeout: 10_000 }));
      expect(report).toEqual({ ...nothing, abandoned: 1 });
      expect(await publishing).toMatchObject({ code: 'CLOSED' });
    }),
  );

  it(
    'waits for publishes in flight',
    onBench(async (bench) => {
      const connection = bench.connection();
      const gate = shutGate();
      bench.rules.push({ method: 'publish', fault: hangAfter(gate) });
      const publishing = connection.producer().publish('a', toTasks);
      await bench.settle();
      const closing = connection.close();
      await bench.clock.advance(500);
      expect(connection.state).toBe('closing');
      gate.open();
      expect(await bench.within(1000, closing)).toEqual(nothing);
      await expect(publishing).resolves.toMatchObject({ guarantee: 'confirmed' });
    }),
  );

  it(
    'gives up publishes that are never answered, counts them, and makes them reject',
    onBench(async (bench) => {
      const connection = bench.connection();
      bench.rules.push({ method: 'publish', fault: hangAfter(shutGate()) });
      const producer = connection.producer({ maxInFlight: 3 });
      const publishes = [1, 2, 3, 4, 5].map((n) =>
        producer.publish(n, { ...toTasks, timeout: Infinity }).then(
          () => 'done',
          (error: { code: string }) => error.code,
        ),
      );
      await bench.settle();
      expect(await closesIn(bench, connection, 1000)).toEqual({ ...nothing, abandoned: 5 });
      expect((await Promise.all(publishes)).toSorted()).toEqual([
        'CLOSED',
        'CLOSED',
        'PUBLISH_UNCERTAIN',
        'PUBLISH_UNCERTAIN',
        'PUBLISH_UNCERTAIN',
      ]);
    }),
  );

  it(
    'makes publishes reject even when the transport forgets them',
    onBench(async (bench) => {
      const connection = bench.connection({ transport: bench.broker });
      await connection.producer().publish('a', toTasks);
      const { session } = connection.defaultChannel;
      Object.assign(session!.channel, { publish: () => new Promise(() => {}) });
      const publishing = connection
        .producer()
        .publish('b', toTasks)
        .catch((error: unknown) => error);
      await bench.settle();
      expect(await closesIn(bench, connection, 100)).toEqual({ ...nothing, abandoned: 1 });
      expect(await bench.within(0, publishing)).toMatchObject({ code: 'PUBLISH_UNCERTAIN' });
    }),
  );

  it(
    'lets running handlers finish and gives back what waits',
    onBench(async (bench) => {
      const connection = bench.connection();
      const gate = shutGate();
      const started = await consumeInto(bench, connection, gate, 5);
      expect(started).toEqual([1, 2]);
      const closing = connection.close();
      await bench.clock.advance(100);
      expect(connection.state).toBe('closing');
      gate.open();
      expect(await bench.within(1000, closing)).toEqual({ completed: 2, released: 3, abandoned: 0 });
      expect(started).toEqual([1, 2]);
      expect(bench.broker.ready('tasks')).toEqual(['3', '4', '5']);
    }),
  );

  it(
    'gives up handlers that do not finish, gives back their messages, and fires their signals',
    onBench(async (bench) => {
      const connection = bench.connection();
      const signals: AbortSignal[] = [];
      const acked: unknown[] = [];
      const gate = shutGate();
      const handler = async (_: unknown, message: { signal: AbortSignal; ack(): Promise<unknown> }): Promise<void> => {
        signals.push(message.signal);
        await gate.pass();
        acked.push(await message.ack().catch((error: { code: string }) => error.code));
      };
      await connection.consume('tasks', handler, { concurrency: 2 });
      for (let n = 1; n <= 3; n++) await connection.producer().publish(n, toTasks);
      await bench.settle();
      expect(await closesIn(bench, connection, 1000)).toEqual({ completed: 0, released: 3, abandoned: 2 });
      expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
      expect(bench.broker.ready('tasks')).toEqual(['1', '2', '3']);
      gate.open();
      await bench.settle();
      expect(acked).toEqual(['MESSAGE_STATE', 'MESSAGE_STATE']);
      expect(bench.broker.ready('tasks')).toEqual(['1', '2', '3']);
    }),
  );

  it(
    'counts running handlers also when the broker answers nothing any more',
    onBench(async (bench) => {
      const connection = bench.connection();
      const gate = shutGate();
      await consumeInto(bench, connection, gate, 3);
      bench.network.blackhole();
      const report = await closesIn(bench, connection, 1000);
      expect(report).toMatchObject({ completed: 0, abandoned: 2 });
      gate.open();
    }),
  );

  it(
    'counts handlers that finish while it closes, on several consumers',
    onBench(async (bench) => {
      const connection = bench.connection();
      const gates = [shutGate(), shutGate(), shutGate()];
      for (const [index, gate] of gates.entries()) {
        const queue = new Queue(`q${index}`);
        await connection.consume(queue, async (_, message) => {
          await gate.pass();
          await message.ack();
        });
        await connection.producer().publish(index, { routingKey: queue.name });
      }
      await bench.settle();
      const closing = connection.close({ timeout: 1000 });
      await bench.clock.advance(100);
      gates[0]?.open();
      gates[1]?.open();
      expect(await bench.within(1000, closing)).toEqual({ completed: 2, released: 1, abandoned: 1 });
      gates[2]?.open();
    }),
  );

  it(
    'ends at once for a caller whose signal has fired',
    onBench(async (bench) => {
      const connection = bench.connection();
      const gate = shutGate();
      await consumeInto(bench, connection, gate, 2);
      const controller = new AbortController();
      const closing = connection.close({ timeout: 60_000, signal: controller.signal });
      await bench.clock.advance(10);
      controller.abort();
      const report = await bench.within(forceMs, closing);
      expect(report).toMatchObject({ abandoned: 2 });
      gate.open();
    }),
  );

  it(
    'survives a transport whose close rejects or hangs',
    onBench(async (bench) => {
      for (const fault of [() => Promise.reject(new Error('close')), hangBefore(shutGate())]) {
        bench.rules.splice(0, bench.rules.length, { method: 'close', fault });
        const connection = bench.connection();
        await connection.consume('tasks', () => {});
        await connection.producer().publish('a', toTasks);
        await closesIn(bench, connection, 500);
      }
    }),
  );

  it(
    'leaves nothing to do for consumers and producers that were closed before',
    onBench(async (bench) => {
      const connection = bench.connection();
      const consumer = await connection.consume('tasks', () => {});
      await consumer.close();
      const producer = connection.producer();
      await producer.publish('a', toTasks);
      await producer.close();
      expect(await closesIn(bench, connection, 100)).toEqual(nothing);
    }),
  );
});
