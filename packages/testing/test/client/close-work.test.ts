import type { CloseReport, Connection, Message } from '@kombu/core';
import { Queue } from '@kombu/core';

import { hangBefore } from '../../src/fault/faults.ts';
import { Gate } from '../../src/fault/gate.ts';
import type { Bench } from './support/bench.ts';
import { onBench } from './support/bench.ts';

const shutGate = (): Gate => {
  const gate = new Gate();
  gate.shut();
  return gate;
};

async function publish(connection: Connection, count: number): Promise<void> {
  const producer = connection.producer();
  for (let n = 1; n <= count; n++) {
    await producer.publish(n, { routingKey: 'tasks', declare: [new Queue('tasks')] });
  }
}

interface Loop {
  readonly outcomes: unknown[];
  readonly signals: AbortSignal[];
  readonly ended: Promise<unknown>;
}

/** A loop over the messages of `tasks` that works on each as long as the gate is shut. */
function loop(connection: Connection, gate: Gate, settle = (message: Message): unknown => message.ack()): Loop {
  const outcomes: unknown[] = [];
  const signals: AbortSignal[] = [];
  const ended = (async () => {
    for await (const message of connection.messages('tasks', { prefetch: 10 })) {
      signals.push(message.signal);
      await gate.pass();
      outcomes.push(await settle(message));
    }
    return 'ended';
  })().catch((error: unknown) => error);
  return { outcomes, signals, ended };
}

describe('close() and a loop over messages (R11)', () => {
  it(
    'lets it finish what it works on, and gives back what waits',
    onBench(async (bench) => {
      const connection = bench.connection();
      const gate = shutGate();
      const { outcomes, signals, ended } = loop(connection, gate);
      await publish(connection, 3);
      await bench.settle();
      const closing = connection.close();
      await bench.clock.advance(500);
      expect(connection.state).toBe('closing');
      expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
      gate.open();
      expect(await bench.within(0, closing)).toEqual({ completed: 1, released: 2, abandoned: 0 });
      expect(await ended).toBe('ended');
      expect(outcomes).toEqual(['ok']);
      expect(bench.broker.ready('tasks')).toEqual(['2', '3']);
    }),
  );

  it(
    'acks for it what it is done with, if it shall',
    onBench(async (bench) => {
      const connection = bench.connection();
      const gate = shutGate();
      const done = (async () => {
        for await (const _ of connection.messages('tasks', { ack: 'auto' })) await gate.pass();
      })();
      await publish(connection, 1);
      await bench.settle();
      const closing = connection.close();
      await bench.clock.advance(100);
      gate.open();
      expect(await bench.within(0, closing)).toEqual({ completed: 1, released: 0, abandoned: 0 });
      await done;
      expect(bench.broker.ready('tasks')).toEqual([]);
    }),
  );

  it(
    'gives up one that does not come back, gives back its message, and fires the signal',
    onBench(async (bench) => {
      const connection = bench.connection();
      const gate = shutGate();
      const { signals, ended } = loop(connection, gate);
      await publish(connection, 1);
      await bench.settle();
      const report = await bench.within(1250, connection.close({ timeout: 1000 }));
      expect(report).toEqual({ completed: 0, released: 1, abandoned: 1 });
      expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
      expect(bench.broker.ready('tasks')).toEqual(['1']);
      gate.open();
      expect(await ended).toMatchObject({ code: 'MESSAGE_STATE' });
    }),
  );

  it(
    'does not wait for one that has settled its message, or closes the connection itself',
    onBench(async (bench) => {
      const connection = bench.connection();
      const reports: CloseReport[] = [];
      const { ended } = loop(connection, new Gate(), async (message) => {
        await message.ack();
        reports.push(await connection.close({ timeout: 10_000 }));
      });
      await publish(connection, 1);
      expect(await bench.within(250, ended)).toBe('ended');
      expect(reports).toMatchObject([{ released: 0, abandoned: 0 }]);
    }),
  );

  it(
    'does not wait for one that was left with an unsettled message',
    onBench(async (bench) => {
      const connection = bench.connection();
      await publish(connection, 1);
      for await (const message of connection.messages('tasks')) {
        expect(message.payload).toBe(1);
        break;
      }
      await bench.within(250, connection.close({ timeout: 10_000 }));
      expect(bench.broker.ready('tasks')).toEqual(['1']);
    }),
  );

  it(
    'does not wait for the messages of a simple queue, whose callers are no loop',
    onBench(async (bench) => {
      const connection = bench.connection();
      const queue = connection.simpleQueue('tasks');
      await queue.put('a');
      await queue.get();
      expect(await bench.within(250, connection.close({ timeout: 10_000 }))).toMatchObject({ released: 1 });
      expect(bench.broker.ready('tasks')).toEqual(['a']);
    }),
  );
});

describe('close() in the middle of a recovery, with handlers at work', () => {
  it.each<[string, (bench: Bench) => unknown]>([
    ['dials', (bench) => bench.network.hangConnect()],
    ['waits for the next try', (bench) => bench.network.refuse()],
    ['restores the topology', (bench) => bench.rules.push({ method: 'declareQueue', fault: hangBefore(shutGate()) })],
    ['subscribes', (bench) => bench.rules.push({ method: 'consume', fault: hangBefore(shutGate()) })],
  ])('waits for them while it %s, and reports', (_, trouble) =>
    onBench(async (bench) => {
      const connection = bench.connection();
      const gates = [shutGate(), shutGate()];
      const outcomes: unknown[] = [];
      await connection.consume<number>('tasks', async (body, message) => {
        await gates[body - 1]?.pass();
        outcomes.push(await message.ack());
      });
      await publish(connection, 2);
      await bench.clock.advance(60_000);
      trouble(bench);
      await bench.network.drop();
      await bench.clock.advance(50);
      const start = bench.clock.now();
      const closing = connection.close({ timeout: 1000 });
      await bench.clock.advance(100);
      gates[0]?.open();
      const report = await bench.within(1250, closing);
      // The messages went back with their link: there is nothing to release, and an ack comes too late.
      expect(report).toEqual({ completed: 1, released: 0, abandoned: 1 });
      expect(outcomes).toEqual(['lease-lost']);
      expect(bench.clock.now() - start).toBeLessThanOrEqual(1250);
      expect(connection.state).toBe('closed');
      await bench.settle();
      expect(bench.clock.pending).toBe(0);
      expect(bench.network.connections).toBe(0);
      gates[1]?.open();
    })(),
  );
});

describe('while a connection closes', () => {
  it(
    'its handlers may still publish, but nobody starts to consume',
    onBench(async (bench) => {
      const connection = bench.connection();
      const gate = shutGate();
      const outcomes: unknown[] = [];
      await connection.consume('tasks', async (_, message) => {
        await gate.pass();
        await connection.producer().publish('result', { routingKey: 'results', declare: [new Queue('results')] });
        const error = await connection.consume('tasks', () => {}).catch((cause: unknown) => cause);
        outcomes.push((error as { code: string }).code, await message.ack());
      });
      await publish(connection, 1);
      await bench.settle();
      const closing = connection.close();
      await bench.settle();
      gate.open();
      expect(await bench.within(1000, closing)).toEqual({ completed: 1, released: 0, abandoned: 0 });
      expect(outcomes).toEqual(['CLOSED', 'ok']);
      expect(bench.broker.ready('results')).toEqual(['result']);
    }),
  );
});

describe('a consumer that was cancelled with a message in hand', () => {
  it(
    'is forgotten by its connection when that is settled',
    onBench(async (bench) => {
      const connection = bench.connection();
      const messages: Message[] = [];
      const consumer = await connection.consume('tasks', (_, message) => void messages.push(message));
      await publish(connection, 1);
      await bench.settle();
      await consumer.cancel();
      expect(connection.internals.consumers.size).toBe(1);
      expect(await messages[0]?.ack()).toBe('ok');
      expect(connection.internals.consumers.size).toBe(0);
    }),
  );

  it(
    'is done closing as soon as that is settled, whoever asked for it',
    onBench(async (bench) => {
      const connection = bench.connection();
      const consumer = connection.consumer('tasks');
      await publish(connection, 1);
      const { value } = (await consumer[Symbol.asyncIterator]().next()) as { value: Message };
      const closing = consumer.close();
      await bench.clock.advance(500);
      await value.ack();
      expect(await bench.within(0, closing)).toEqual({ completed: 0, released: 0, abandoned: 0 });
    }),
  );
});

describe('drainEvents() and close()', () => {
  it(
    'hears of the handler that finishes meanwhile, and then that it is over',
    onBench(async (bench) => {
      const connection = bench.connection();
      const gate = shutGate();
      await connection.consume('tasks', () => gate.pass());
      await publish(connection, 1);
      await bench.settle();
      const first = connection.drainEvents();
      const closing = connection.close();
      await bench.settle();
      gate.open();
      await bench.within(0, first);
      const second = connection.drainEvents().catch((error: unknown) => error);
      await bench.within(1000, closing);
      expect(await second).toMatchObject({ code: 'CLOSED' });
    }),
  );
});

describe('switch() and close()', () => {
  it(
    'at the same time close once',
    onBench(async (bench) => {
      const connection = await bench.connection().connect();
      const states: string[] = [];
      connection.on('state', ({ state }) => states.push(state));
      await bench.within(1000, Promise.all([connection.switch('strict://b'), connection.close()]));
      expect(states).toEqual(['closing', 'closed']);
      await connection.connect();
      expect(bench.broker.targets.at(-1)?.hostname).toBe('b');
    }),
  );
});
