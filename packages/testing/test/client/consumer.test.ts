import type { Message } from '@kombu/core';
import {
  Consumer,
  Exchange,
  InvalidArgumentError,
  MessageStateError,
  NotFoundError,
  Queue,
  SerializerNotInstalledError,
} from '@kombu/core';

import { hangAfter, hangBefore } from '../../src/fault/faults.ts';
import { Gate } from '../../src/fault/gate.ts';
import type { Bench } from './support/bench.ts';
import { onBench } from './support/bench.ts';

const tasks = new Queue<number>('tasks');
const toTasks = { routingKey: 'tasks', declare: [tasks] };

function shutGate(): Gate {
  const gate = new Gate();
  gate.shut();
  return gate;
}

/** Puts numbers into the queue `tasks`. */
async function fill(bench: Bench, count: number, queue = 'tasks'): Promise<void> {
  const producer = bench.connection().producer();
  for (let n = 1; n <= count; n++) {
    await producer.publish(n, { routingKey: queue, declare: [new Queue(queue)] });
  }
}

describe('handlers', () => {
  it(
    'get body and message, one after the other, as messages arrive',
    onBench(async (bench) => {
      const calls: unknown[][] = [];
      const first = async (body: unknown): Promise<void> => {
        await Promise.resolve();
        calls.push(['first', body]);
      };
      const second = (body: unknown, message: Message): Promise<unknown> => {
        calls.push(['second', body, message.deliveryInfo.routingKey]);
        return message.ack();
      };
      const consumer = bench.connection().consumer(tasks, { handler: first, callbacks: [second] });
      await consumer.consume();
      await fill(bench, 2);
      await bench.settle();
      expect(calls.filter(([, body]) => body === 1)).toEqual([
        ['first', 1],
        ['second', 1, 'tasks'],
      ]);
      expect(calls).toHaveLength(4);
      expect(consumer.inFlight).toBe(0);
    }),
  );

  it(
    'can be registered later: what waits then comes',
    onBench(async (bench) => {
      await fill(bench, 3);
      const consumer = bench.connection().consumer<number>(tasks);
      await consumer.consume();
      await bench.settle();
      const got: number[] = [];
      consumer.registerCallback((body, message) => {
        got.push(body);
        return message.ack();
      });
      await fill(bench, 1);
      await bench.settle();
      expect(got).toEqual([1, 2, 3, 1]);
    }),
  );

  it(
    'onMessage gets the message alone, and nothing is decoded',
    onBench(async (bench) => {
      const producer = bench.connection().producer();
      await producer.publish('{broken', { ...toTasks, contentType: 'application/json' });
      const got: string[] = [];
      const onMessage = (message: Message): Promise<unknown> => {
        got.push(message.body.toString());
        return message.ack();
      };
      const handler = (): void => void got.push('handler');
      await bench.connection().consumer(tasks, { onMessage, handler }).consume();
      await bench.settle();
      expect(got).toEqual(['{broken']);
    }),
  );

  it.each([
    ['prefetch, without concurrency', { prefetch: 3 }, 3],
    ['concurrency', { prefetch: 10, concurrency: 2 }, 2],
    ['concurrency, without a limit of prefetch', { prefetch: 0, concurrency: 4 }, 4],
  ])('run as many at a time as %s says', (_, options, most) =>
    onBench(async (bench) => {
      await fill(bench, 8);
      const gate = shutGate();
      let running = 0;
      let peak = 0;
      const handler = async (__: unknown, message: Message): Promise<void> => {
        running += 1;
        peak = Math.max(peak, running);
        await gate.pass();
        running -= 1;
        await message.ack();
      };
      const consumer = await bench.connection().consume(tasks, handler, options);
      await bench.settle();
      expect([running, consumer.active]).toEqual([most, most]);
      gate.open();
      await bench.settle();
      expect(peak).toBeGreaterThanOrEqual(most);
      expect(peak).toBeLessThanOrEqual(Math.max(most, options.prefetch));
      expect(bench.broker.ready('tasks')).toEqual([]);
    })(),
  );

  it(
    'with concurrency 1 keep the order of the queue, whatever they take',
    onBench(async (bench) => {
      await fill(bench, 12);
      const got: number[] = [];
      await bench.connection().consume<number>(
        tasks,
        async (body, message) => {
          for (let turn = 0; turn < (body * 7) % 5; turn++) await Promise.resolve();
          got.push(body);
          await message.ack();
        },
        { concurrency: 1, prefetch: 5 },
      );
      await bench.settle();
      expect(got).toEqual(Array.from({ length: 12 }, (_, n) => n + 1));
    }),
  );

  it(
    'may settle without waiting, and need not be async',
    onBench(async (bench) => {
      await fill(bench, 3);
      await bench.connection().consume(tasks, (_, message) => {
        void message.ack();
      });
      await bench.settle();
      expect(bench.broker.count('ack')).toBe(3);
    }),
  );
});

describe('prefetch', () => {
  it(
    'bounds what the consumer holds of each queue; qos changes it at once and for later links',
    onBench(async (bench) => {
      await fill(bench, 10);
      const connection = bench.connection();
      const consumer = connection.consumer(tasks, { prefetch: 2 });
      await consumer.consume();
      await bench.settle();
      expect(consumer.inFlight).toBe(2);
      await consumer.qos({ prefetchCount: 5 });
      await bench.settle();
      expect(consumer.inFlight).toBe(5);
      await bench.network.drop();
      await bench.until(60_000, () => connection.connected && consumer.inFlight > 0);
      await bench.settle();
      expect(consumer.inFlight).toBe(5);
      await expect(consumer.qos({ prefetchCount: -1 })).rejects.toBeInstanceOf(InvalidArgumentError);
    }),
  );

  it(
    'raised by qos starts more handlers of what waits here',
    onBench(async (bench) => {
      await fill(bench, 6);
      const gate = shutGate();
      const consumer = await bench.connection().consume(tasks, () => gate.pass(), { prefetch: 1 });
      await bench.settle();
      await consumer.qos({ prefetchCount: 4 });
      await bench.settle();
      expect(consumer.active).toBe(4);
      gate.open();
    }),
  );
});

describe('pause() and resume()', () => {
  it(
    'hold handlers back; the prefetch bounds what waits meanwhile',
    onBench(async (bench) => {
      const got: number[] = [];
      const consumer = await bench.connection().consume<number>(
        tasks,
        (body, message) => {
          got.push(body);
          return message.ack();
        },
        { prefetch: 2 },
      );
      consumer.pause();
      await fill(bench, 5);
      await bench.settle();
      expect(got).toEqual([]);
      expect(consumer.inFlight).toBe(2);
      consumer.resume();
      await bench.settle();
      expect(got).toEqual([1, 2, 3, 4, 5]);
      consumer.flow(false);
      await fill(bench, 1);
      expect(got).toHaveLength(5);
      consumer.flow(true);
      await bench.settle();
      expect(got).toHaveLength(6);
    }),
  );

  it(
    'hold an iterator back, too',
    onBench(async (bench) => {
      await fill(bench, 1);
      const consumer = bench.connection().consumer<number>(tasks);
      consumer.pause();
      let got: unknown;
      void consumer[Symbol.asyncIterator]()
        .next()
        .then(({ value }) => (got = (value as Message).payload));
      await bench.settle();
      expect(got).toBeUndefined();
      consumer.resume();
      await bench.settle();
      expect(got).toBe(1);
    }),
  );
});

describe('iteration', () => {
  it(
    'gives messages one by one; not asking is the back-pressure; break gives back the rest in order',
    onBench(async (bench) => {
      await fill(bench, 6);
      const connection = bench.connection();
      const got: number[] = [];
      for await (const message of connection.messages<number>(tasks, { prefetch: 3 })) {
        got.push(message.payload);
        expect(bench.broker.ready('tasks').length).toBeGreaterThanOrEqual(6 - got.length - 3);
        await message.ack();
        if (got.length === 2) break;
      }
      expect(got).toEqual([1, 2]);
      expect(bench.broker.ready('tasks')).toEqual(['3', '4', '5', '6']);
      expect(bench.broker.consumers('tasks')).toHaveLength(0);
      expect(connection.internals.consumers.size).toBe(0);
    }),
  );

  it(
    'gives back a message that was handed out and not settled',
    onBench(async (bench) => {
      await fill(bench, 1);
      for await (const message of bench.connection().messages<number>(tasks)) {
        expect(message.payload).toBe(1);
        break;
      }
      expect(bench.broker.ready('tasks')).toEqual(['1']);
    }),
  );

  it(
    'acks the last message with ack: auto when the next one is asked for, and not before',
    onBench(async (bench) => {
      await fill(bench, 3);
      const acked: number[] = [];
      for await (const message of bench.connection().messages<number>(tasks, { ack: 'auto', prefetch: 1 })) {
        acked.push(bench.broker.count('ack'));
        if (message.payload === 3) break;
      }
      expect(acked).toEqual([0, 1, 2]);
      expect(bench.broker.ready('tasks')).toEqual(['3']);
    }),
  );

  it(
    'ends when its signal fires: while it waits, while it connects, and before it starts',
    onBench(async (bench) => {
      const connection = bench.connection();
      const collect = async (signal: AbortSignal): Promise<string> => {
        for await (const message of connection.messages(tasks, { signal })) await message.ack();
        return 'ended';
      };
      expect(await collect(AbortSignal.abort())).toBe('ended');
      bench.network.refuse();
      const connecting = new AbortController();
      const first = collect(connecting.signal);
      await bench.settle();
      connecting.abort();
      expect(await bench.within(10, first)).toBe('ended');
      await bench.settle();
      expect(bench.clock.pending).toBe(0);
      bench.network.heal();
      const waiting = new AbortController();
      const second = collect(waiting.signal);
      await fill(bench, 2);
      await bench.settle();
      waiting.abort();
      expect(await second).toBe('ended');
      expect(bench.broker.count('ack')).toBe(2);
    }),
  );

  it(
    'serves several callers of next() and several iterators, each message once',
    onBench(async (bench) => {
      await fill(bench, 4);
      const consumer = bench.connection().consumer<number>(tasks);
      const one = consumer[Symbol.asyncIterator]();
      const other = consumer[Symbol.asyncIterator]();
      const results = await Promise.all([one.next(), other.next(), one.next(), other.next()]);
      const bodies = results.map(({ value }) => (value as Message<number>).payload);
      expect(bodies).toHaveLength(4);
      expect(new Set(bodies)).toEqual(new Set([1, 2, 3, 4]));
    }),
  );

  it(
    'tries again after a start that failed',
    onBench(async (bench) => {
      bench.network.refuse();
      const messages = bench.connection({ recovery: false }).consumer<number>(tasks)[Symbol.asyncIterator]();
      await expect(messages.next()).rejects.toMatchObject({ code: 'CONNECTION_FAILED' });
      bench.network.heal();
      await fill(bench, 1);
      const { value } = await messages.next();
      expect((value as Message<number>).payload).toBe(1);
    }),
  );

  it(
    'is refused for a consumer with handlers',
    onBench(async (bench) => {
      const consumer = bench.connection().consumer(tasks, { handler: () => {} });
      expect(() => consumer[Symbol.asyncIterator]()).toThrow(InvalidArgumentError);
    }),
  );

  it(
    'goes on over a link that breaks; what was not settled comes again',
    onBench(async (bench) => {
      await fill(bench, 2);
      const got: [number, boolean][] = [];
      const reading = (async () => {
        for await (const message of bench.connection().messages<number>(tasks, { prefetch: 1 })) {
          got.push([message.payload, message.deliveryInfo.redelivered]);
          if (got.length === 1) await bench.network.drop();
          await message.ack();
          if (got.length === 3) break;
        }
      })();
      await bench.within(60_000, reading);
      expect(got).toEqual([
        [1, false],
        [1, true],
        [2, false],
      ]);
    }),
  );
});

describe('cancel()', () => {
  it(
    'stops deliveries, gives back what waits, and leaves what handlers have to them',
    onBench(async (bench) => {
      await fill(bench, 5);
      const gate = shutGate();
      const outcomes: unknown[] = [];
      const consumer = await bench.connection().consume<number>(
        tasks,
        async (body, message) => {
          await gate.pass();
          outcomes.push([body, await message.ack()]);
        },
        { concurrency: 1 },
      );
      await bench.settle();
      await consumer.cancel();
      expect(bench.broker.ready('tasks')).toEqual(['2', '3', '4', '5']);
      expect(consumer.consumingFrom(tasks)).toBe(false);
      gate.open();
      await bench.settle();
      expect(outcomes).toEqual([[1, 'ok']]);
      await consumer.consume();
      await bench.settle();
      expect(outcomes).toHaveLength(5);
    }),
  );

  it(
    'is final over reconnects (R39)',
    onBench(async (bench) => {
      const connection = bench.connection();
      let deliveries = 0;
      const consumer = await connection.consume(tasks, (_, message) => {
        deliveries += 1;
        return message.ack();
      });
      await consumer.cancel();
      await fill(bench, 3);
      for (let drop = 0; drop < 10; drop++) {
        await bench.network.drop();
        await bench.until(60_000, () => connection.connected);
        await bench.settle();
      }
      expect(deliveries).toBe(0);
      expect(bench.broker.consumers('tasks')).toHaveLength(0);
    }),
  );

  it(
    'during a start that waits ends the start: nothing is consumed, then or later',
    onBench(async (bench) => {
      for (const [method, hang] of [
        ['declareQueue', hangAfter],
        ['consume', hangAfter],
        ['consume', hangBefore],
      ] as const) {
        const gate = shutGate();
        bench.rules.splice(0, bench.rules.length, { method, fault: hang(gate) });
        const consumer = bench.connection().consumer(tasks, { handler: () => {} });
        const starting = consumer.consume();
        await bench.settle();
        const cancelled = consumer.cancel();
        await bench.settle();
        gate.open();
        await Promise.all([starting, cancelled]);
        expect(bench.broker.consumers('tasks')).toHaveLength(0);
        await bench.network.drop();
        await bench.clock.advance(60_000);
        expect(bench.broker.consumers('tasks')).toHaveLength(0);
      }
    }),
  );

  it(
    'of one queue leaves the others, also when the consumer starts again',
    onBench(async (bench) => {
      const got: string[] = [];
      const consumer = await bench.connection().consume<string>(['one', 'two'], (body, message) => {
        got.push(`${message.deliveryInfo.queue}`);
        return message.ack();
      });
      expect([...consumer.queues.keys()]).toEqual(['one', 'two']);
      await consumer.cancelByQueue('one');
      expect(consumer.consumingFrom('one')).toBe(false);
      expect(consumer.consumingFrom('two')).toBe(true);
      await consumer.consume();
      await fill(bench, 1, 'one');
      await fill(bench, 1, 'two');
      await bench.settle();
      expect(got).toEqual(['two']);
    }),
  );

  it(
    'gives back a message that crosses it',
    onBench(async (bench) => {
      await fill(bench, 0);
      const got: unknown[] = [];
      const consumer = await bench.connection().consume(tasks, (body) => got.push(body));
      const producer = bench.connection().producer();
      await producer.publish('before', { routingKey: 'elsewhere' });
      bench.rules.push({
        method: 'cancel',
        fault: async ({ next }) => {
          await producer.publish('late', toTasks);
          return next();
        },
      });
      await consumer.cancel();
      await bench.settle();
      expect(got).toEqual([]);
      expect(bench.broker.count('requeue')).toBeGreaterThan(0);
      expect(bench.broker.ready('tasks')).toEqual(['late']);
    }),
  );
});

describe('consume() and cancel() in a hurry (R39)', () => {
  it(
    'called twice at once start one subscription',
    onBench(async (bench) => {
      const consumer = bench.connection().consumer(tasks, { handler: () => {} });
      await Promise.all([consumer.consume(), consumer.consume()]);
      await consumer.consume();
      expect(bench.broker.count('consume')).toBe(1);
    }),
  );

  it(
    'without a declaration on a fresh connection start one subscription',
    onBench(async (bench) => {
      await fill(bench, 1);
      const got: unknown[] = [];
      const connection = bench.connection();
      await connection.consume(tasks, (body) => got.push(body), { autoDeclare: false });
      await bench.settle();
      expect(bench.broker.count('consume')).toBe(1);
      expect(connection.generation).toBe(1);
      expect(got).toEqual([1]);
    }),
  );

  it(
    'start/stop/start without waiting ends as the last call says, with one subscription',
    onBench(async (bench) => {
      const connection = bench.connection();
      const consumer = connection.consumer(tasks, { handler: (_, message) => message.ack() });
      for (let round = 0; round < 200; round++) {
        const calls = [consumer.consume(), consumer.cancel(), consumer.consume()];
        if (round % 3 === 0) await Promise.resolve();
        if (round % 7 === 0) calls.push(bench.network.drop());
        if (round % 2 === 0) calls.push(consumer.cancel());
        await bench.within(600_000, Promise.all(calls));
        await bench.until(600_000, () => round % 2 === 0 || bench.broker.consumers('tasks').length > 0);
        expect(bench.broker.consumers('tasks')).toHaveLength(round % 2 === 0 ? 0 : 1);
      }
      expect(connection.health().consumers.map(({ phase }) => phase)).toEqual(['consuming']);
      expect(connection.internals.consumers.size).toBe(1);
    }),
  );

  it(
    'a consumer that was cancelled and started again at once is known to the connection',
    onBench(async (bench) => {
      const connection = bench.connection();
      const consumer = await connection.consume(tasks, () => {});
      const cancelled = consumer.cancel();
      const started = consumer.consume();
      await Promise.all([cancelled, started]);
      expect(connection.health().consumers).toHaveLength(1);
      expect(connection.health().healthy).toBe(true);
    }),
  );
});

describe('queues of a consumer', () => {
  it(
    'are declared first, with exchange and bindings, unless autoDeclare is off',
    onBench(async (bench) => {
      const media = new Exchange('media');
      const video = new Queue('video', { exchange: media, routingKey: 'video' });
      const connection = bench.connection();
      await expect(connection.consume(video, () => {}, { autoDeclare: false })).rejects.toBeInstanceOf(NotFoundError);
      expect(connection.internals.consumers.size).toBe(0);
      bench.broker.log.length = 0;
      await connection.consume(video, () => {});
      expect(bench.broker.log).toEqual([
        'declareExchange media',
        'declareQueue video',
        'bind media video video',
        'consume video',
      ]);
    }),
  );

  it(
    'can be added, by name too; a second one of the same name is ignored',
    onBench(async (bench) => {
      const consumer = new Consumer(bench.connection(), { handler: () => {} });
      consumer.addQueue('one');
      consumer.addQueue(new Queue('one', { durable: false }));
      await consumer.consume();
      consumer.addQueue('two');
      expect(bench.broker.count('consume')).toBe(1);
      await consumer.consume();
      expect([...consumer.queues.keys()]).toEqual(['one', 'two']);
      expect(consumer.queues.get('one')?.durable).toBe(true);
      expect(bench.broker.count('consume')).toBe(2);
    }),
  );

  it(
    'may be anonymous: each gets a name and is there again after a reconnect',
    onBench(async (bench) => {
      const connection = bench.connection();
      const anonymous = [new Queue('', { exclusive: true }), new Queue('', { exclusive: true })];
      const got: unknown[] = [];
      await connection.consume(anonymous, (body) => got.push(body), { noAck: true });
      expect(anonymous[0]?.name).not.toBe(anonymous[1]?.name);
      await bench.network.drop();
      await bench.until(60_000, () => bench.broker.consumers(anonymous[1]!.name).length > 0);
      for (const { name } of anonymous) await connection.producer().publish(name, { routingKey: name });
      await bench.settle();
      expect(got).toEqual(anonymous.map(({ name }) => name));
    }),
  );

  it(
    'are purged together',
    onBench(async (bench) => {
      await fill(bench, 2, 'one');
      await fill(bench, 3, 'two');
      expect(await bench.connection().consumer(['one', 'two']).purge()).toBe(5);
    }),
  );

  it(
    'get the arguments of queue and consumer, the tag prefix and the exclusive flag',
    onBench(async (bench) => {
      const queue = new Queue('tasks', { consumerArguments: { 'x-priority': 1, a: 1 } });
      await bench
        .connection()
        .consumer(queue, { consumerArguments: { a: 2 }, tagPrefix: 'worker-', exclusive: true, prefetch: 7 })
        .consume();
      expect(bench.broker.consumers('tasks')[0]?.options).toMatchObject({
        arguments: { 'x-priority': 1, a: 2 },
        consumerTag: expect.stringMatching(/^worker-/),
        exclusive: true,
        prefetch: 7,
        noAck: false,
      });
    }),
  );
});

describe('noAck', () => {
  it(
    'comes from the queue or the consumer; messages need no settling and settling is ignored',
    onBench(async (bench) => {
      await fill(bench, 3);
      const outcomes: unknown[] = [];
      const consumer = await bench
        .connection()
        .consume(
          new Queue('tasks', { noAck: true }),
          async (_, message) => void outcomes.push(await message.ack(), await message.reject(), message.acknowledged),
        );
      await bench.settle();
      expect(outcomes).toHaveLength(9);
      expect(outcomes).not.toContain(true);
      expect(consumer.inFlight).toBe(0);
      expect(bench.broker.count('ack')).toBe(0);
      expect(bench.broker.ready('tasks')).toEqual([]);
    }),
  );

  it(
    'messages that wait for a handler are not lost by a cancel',
    onBench(async (bench) => {
      await fill(bench, 4);
      const gate = shutGate();
      const got: unknown[] = [];
      const handler = async (body: unknown): Promise<void> => {
        await gate.pass();
        got.push(body);
      };
      const consumer = await bench.connection().consume(tasks, handler, { noAck: true, concurrency: 1 });
      await bench.settle();
      await consumer.cancel();
      gate.open();
      await bench.settle();
      expect(got).toEqual([1, 2, 3, 4]);
    }),
  );
});

describe('accept', () => {
  it(
    'lets through the named types only, whether given by name or type',
    onBench(async (bench) => {
      const producer = bench.connection().producer();
      const got: unknown[] = [];
      const refused: string[] = [];
      const onDecodeError = (message: Message, error: Error): Promise<unknown> => {
        refused.push(`${message.contentType}: ${(error as { code?: string }).code}`);
        return message.reject();
      };
      for (const accept of [['json'], new Set(['application/json'])]) {
        const consumer = bench.connection().consumer(tasks, {
          accept,
          onDecodeError,
          handler: (body, message) => {
            got.push(body);
            return message.ack();
          },
        });
        await consumer.consume();
        await producer.publish({ n: 1 }, toTasks);
        await producer.publish('text', toTasks);
        await bench.settle();
        await consumer.close();
      }
      expect(got).toEqual([{ n: 1 }, { n: 1 }]);
      expect(refused).toEqual(['text/plain: CONTENT_DISALLOWED', 'text/plain: CONTENT_DISALLOWED']);
    }),
  );

  it(
    'names an unknown serializer at once',
    onBench(async (bench) => {
      expect(() => bench.connection().consumer(tasks, { accept: ['jsno'] })).toThrow(SerializerNotInstalledError);
    }),
  );
});

describe('options', () => {
  it.each([
    [{ prefech: 1 }, /prefetch/],
    [{ prefetch: -1 }, /prefetch/],
    [{ concurrency: 0 }, /concurrency/],
    [{ ack: 'never' }, /ack/],
    [{ retry: { attempts: 0 } }, /attempts/],
    [{ onUndecodable: 'deadLetter' }, /deadLetter/],
  ])('%j is refused', (options, message) =>
    onBench(async (bench) => {
      expect(() => bench.connection().consumer(tasks, options as never)).toThrow(InvalidArgumentError);
      expect(() => bench.connection().consumer(tasks, options as never)).toThrow(message);
    })(),
  );
});

describe('close()', () => {
  it(
    'settles within its timeout when the broker answers nothing any more, and counts the handlers',
    onBench(async (bench) => {
      await fill(bench, 3);
      const gate = shutGate();
      const consumer = await bench.connection().consume(tasks, () => gate.pass(), { concurrency: 2 });
      await bench.settle();
      bench.network.blackhole();
      expect(await bench.within(1250, consumer.close({ timeout: 1000 }))).toMatchObject({ abandoned: 2 });
      gate.open();
    }),
  );

  it(
    'leaves a channel that is not its own open',
    onBench(async (bench) => {
      const connection = bench.connection();
      const channel = await connection.channel();
      const consumer = new Consumer(channel, { queues: tasks, handler: () => {} });
      await consumer.consume();
      await consumer.close();
      expect(channel.isOpen).toBe(true);
      await expect(consumer.consume()).rejects.toMatchObject({ code: 'CLOSED' });
      await connection.consumer(tasks, { handler: () => {} }).consume();
      expect(bench.broker.channels).toHaveLength(3);
    }),
  );

  it(
    'of the channel below ends the consumer: nothing that waited is handed out any more',
    onBench(async (bench) => {
      await fill(bench, 3);
      const connection = bench.connection();
      const channel = await connection.channel();
      const gate = shutGate();
      const got: unknown[] = [];
      const handler = async (body: unknown): Promise<void> => {
        got.push(body);
        await gate.pass();
      };
      const consumer = new Consumer(channel, { queues: tasks, handler, concurrency: 1 });
      await consumer.consume();
      await bench.settle();
      await channel.close();
      gate.open();
      await bench.settle();
      expect(got).toEqual([1]);
      expect(consumer.inFlight).toBe(0);
      expect(bench.broker.ready('tasks')).toEqual(['1', '2', '3']);
    }),
  );
});

describe('recover()', () => {
  it(
    'gives everything unsettled back once, also what waits for a handler',
    onBench(async (bench) => {
      await fill(bench, 3);
      const gate = shutGate();
      const settled: unknown[] = [];
      const got: [number, boolean][] = [];
      const consumer = await bench.connection().consume<number>(
        tasks,
        async (body, message) => {
          got.push([body, message.deliveryInfo.redelivered]);
          await gate.pass();
          await message.ack().catch((error: unknown) => settled.push(error));
        },
        { concurrency: 1 },
      );
      await bench.settle();
      await consumer.recover();
      gate.open();
      await bench.settle();
      expect(got).toEqual([
        [1, false],
        [1, true],
        [2, true],
        [3, true],
      ]);
      expect(settled).toEqual([expect.any(MessageStateError)]);
      expect(consumer.inFlight).toBe(0);
    }),
  );
});
