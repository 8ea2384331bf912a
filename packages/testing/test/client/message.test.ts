import type { Connection, Message } from '@kombu/core';
import {
  Consumer,
  ContentDisallowedError,
  DecodeError,
  MessageStateError,
  PreconditionFailedError,
  Queue,
  UnsupportedError,
} from '@kombu/core';

import { failBefore } from '../../src/fault/faults.ts';
import { Gate } from '../../src/fault/gate.ts';
import type { Bench } from './support/bench.ts';
import { onBench } from './support/bench.ts';
import type { MemoryBench } from './support/memory-bench.ts';
import { onMemory } from './support/memory-bench.ts';
import { BrokerError } from './support/strict-error.ts';

const tasks = new Queue('tasks');
const toTasks = { routingKey: 'tasks', declare: [tasks] };

/** Publishes bodies and gives their messages, received and unsettled. */
async function receive(bench: Bench, ...bodies: readonly unknown[]): Promise<Message[]> {
  const connection = bench.connection();
  const messages: Message[] = [];
  await connection.consume(tasks, (_, message) => void messages.push(message), { onUndecodable: 'raw' });
  for (const body of bodies) await connection.producer().publish(body, toTasks);
  await bench.settle();
  expect(messages).toHaveLength(bodies.length);
  return messages;
}

const settlements = {
  ack: (message: Message) => message.ack(),
  'ack multiple': (message: Message) => message.ack({ multiple: true }),
  reject: (message: Message) => message.reject(),
  'reject with requeue': (message: Message) => message.reject({ requeue: true }),
  requeue: (message: Message) => message.requeue(),
};
const states = {
  ack: 'acked',
  'ack multiple': 'acked',
  reject: 'rejected',
  'reject with requeue': 'requeued',
  requeue: 'requeued',
};
const names = Object.keys(settlements) as (keyof typeof settlements)[];

describe('settling', () => {
  it.each(names.flatMap((first) => names.map((second) => [first, second] as const)))(
    '%s and then %s: the second is refused and sends nothing',
    (first, second) =>
      onBench(async (bench) => {
        const [message] = await receive(bench, 'a');
        expect(message?.acknowledged).toBe(false);
        expect(message?.state).toBe('received');
        expect(await settlements[first](message!)).toBe('ok');
        expect(message).toMatchObject({ acknowledged: true, state: states[first] });
        const operations = bench.broker.log.length;
        await expect(settlements[second](message!)).rejects.toBeInstanceOf(MessageStateError);
        // A requeued one comes again to the same handler; nothing else may happen.
        expect(bench.broker.log).toHaveLength(operations);
        expect(message?.state).toBe(states[first]);
      })(),
  );

  it(
    'counts from the call on: two calls at once settle once',
    onBench(async (bench) => {
      const [message] = await receive(bench, 'a');
      const outcomes = await Promise.allSettled([message!.ack(), message!.ack(), message!.reject()]);
      expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
      expect(bench.broker.count('ack')).toBe(1);
    }),
  );

  it(
    'may be forgotten without harm, also when it fails',
    onBench(async (bench) => {
      const [one, other] = await receive(bench, 'a', 'b');
      void one!.ack();
      void one!.ack();
      bench.rules.push({
        method: 'ack',
        fault: failBefore(() => new BrokerError('PRECONDITION_FAILED', 'no such tag')),
      });
      void other!.ack();
      await bench.settle();
      expect(bench.logged('warn').join()).toMatch(/acked already.*no such tag/s);
    }),
  );

  it(
    'rejects with what the broker says, when the channel lives on',
    onBench(async (bench) => {
      const [message] = await receive(bench, 'a');
      bench.rules.push({
        method: 'ack',
        fault: failBefore(() => new BrokerError('PRECONDITION_FAILED', 'no such tag')),
      });
      await expect(message!.ack()).rejects.toBeInstanceOf(PreconditionFailedError);
    }),
  );

  it(
    'with multiple settles all before it here, too: they cannot be settled again, and are not given back',
    onBench(async (bench) => {
      const connection = bench.connection();
      const messages: Message[] = [];
      const consumer = await connection.consume(tasks, (_, message) => void messages.push(message));
      for (let n = 1; n <= 4; n++) await connection.producer().publish(n, toTasks);
      await bench.settle();
      expect(await messages[2]!.ack({ multiple: true })).toBe('ok');
      expect(messages.map(({ state }) => state)).toEqual(['acked', 'acked', 'acked', 'received']);
      await expect(messages[0]!.ack()).rejects.toBeInstanceOf(MessageStateError);
      expect(consumer.inFlight).toBe(1);
      expect(await consumer.close()).toMatchObject({ released: 1 });
      expect(bench.broker.ready('tasks')).toEqual(['4']);
    }),
  );

  it(
    'back to the queue marks the message as redelivered and counts',
    onBench(async (bench) => {
      await bench.connection().producer().publish('a', toTasks);
      const connection = bench.connection();
      const seen: unknown[] = [];
      for (let n = 0; n < 3; n++) {
        const message = await tasks.get(connection);
        seen.push([message?.deliveryInfo.redelivered, message?.deliveryCount]);
        await message?.requeue();
      }
      expect(seen).toEqual([
        [false, 0],
        [true, 1],
        [true, 2],
      ]);
    }),
  );

  it(
    'with a delay that the transport lacks is refused, and the message can still be settled',
    onBench(async (bench) => {
      const [message] = await receive(bench, 'a');
      bench.rules.push({
        method: 'reject',
        times: 1,
        fault: failBefore(() => new UnsupportedError('no delays here')),
      });
      await expect(message!.requeue({ delay: 100 })).rejects.toBeInstanceOf(UnsupportedError);
      expect(message!.acknowledged).toBe(false);
      expect(await message!.ack()).toBe('ok');
    }),
  );
});

describe('after the link is lost', () => {
  it.each(names)('%s resolves to lease-lost, and the new link hears nothing of it', (name) =>
    onBench(async (bench) => {
      const [message] = await receive(bench, 'a');
      await bench.network.drop();
      await bench.until(60_000, () => bench.broker.consumers('tasks').length === 1);
      const operations = bench.broker.log.length;
      expect(await settlements[name](message!)).toBe('lease-lost');
      expect(bench.broker.log).toHaveLength(operations);
      await expect(settlements[name](message!)).rejects.toBeInstanceOf(MessageStateError);
    })(),
  );

  it(
    'the signal fires, once, whether asked for before or after',
    onBench(async (bench) => {
      const [early, late] = await receive(bench, 'a', 'b');
      const { signal } = early!;
      let fired = 0;
      signal.addEventListener('abort', () => fired++);
      expect(signal.aborted).toBe(false);
      await bench.network.drop(new Error('cable cut'));
      expect(fired).toBe(1);
      expect(signal.reason).toMatchObject({ message: 'cable cut' });
      expect(late!.signal.aborted).toBe(true);
    }),
  );

  it(
    'a settlement under way resolves to lease-lost',
    onBench(async (bench) => {
      const [message] = await receive(bench, 'a');
      bench.rules.push({ method: 'ack', fault: () => new Promise(() => {}) });
      const settling = message!.ack();
      await bench.settle();
      await bench.network.drop();
      expect(await settling).toBe('lease-lost');
    }),
  );

  it(
    'or when the broker closes its channel for another reason',
    onBench(async (bench) => {
      const [message] = await receive(bench, 'a');
      const error = new BrokerError('PRECONDITION_FAILED', 'unknown delivery tag 99');
      bench.rules.push({
        method: 'ack',
        fault: async () => {
          for (const channel of bench.broker.channels) channel.end(error);
          throw error;
        },
      });
      expect(await message!.ack()).toBe('lease-lost');
    }),
  );
});

describe('the signal of a leased message', () => {
  const cases: Record<string, (bench: MemoryBench, connection: Connection) => Promise<unknown>> = {
    'the link breaks': (bench) => bench.network.drop(),
    'the lease ends': async (bench) => {
      bench.broker.expireLeases();
      await bench.clock.advance(15_000);
    },
    'its consumer closes, on a channel that stays open': async (bench, connection) => {
      const [consumer] = connection.internals.consumers;
      await bench.within(1000, consumer!.close({ timeout: 0 }));
    },
    'the connection closes': (bench, connection) => bench.within(1000, connection.close({ timeout: 0 })),
  };

  it.each(Object.keys(cases))('fires when %s', (name) =>
    onMemory(async (bench) => {
      const connection = bench.connection();
      const messages: Message[] = [];
      const gate = new Gate();
      gate.shut();
      const handler = (_: unknown, message: Message): Promise<void> => {
        messages.push(message);
        return gate.pass();
      };
      await new Consumer(await connection.channel(), { queues: tasks, handler }).consume();
      for (let n = 1; n <= 2; n++) await connection.producer().publish(n, toTasks);
      await bench.settle();
      const { signal } = messages[0]!;
      expect(signal.aborted).toBe(false);
      expect(messages[0]!.signal).toBe(signal);
      await cases[name]?.(bench, connection);
      await bench.settle();
      expect(signal.aborted).toBe(true);
      expect(messages[1]!.signal.aborted).toBe(true);
      gate.open();
    })(),
  );

  it(
    'does not fire any more once the message was settled',
    onMemory(async (bench) => {
      const connection = bench.connection();
      await connection.producer().publish('a', toTasks);
      const message = await tasks.get(connection);
      const { signal } = message!;
      await message?.ack();
      await bench.network.drop();
      expect(signal.aborted).toBe(false);
    }),
  );
});

describe('payload', () => {
  it(
    'is decoded on first read and kept, also when it is falsy',
    onBench(async (bench) => {
      let decoded = 0;
      const { SerializerRegistry } = await import('../../../core/src/codec/serializers.ts');
      const serializers = new SerializerRegistry();
      serializers.register({
        name: 'counting',
        contentType: 'application/x-counting',
        contentEncoding: 'utf-8',
        encode: (value) => Buffer.from(JSON.stringify(value)),
        decode: (body) => {
          decoded += 1;
          return JSON.parse(body.toString()) as unknown;
        },
      });
      const connection = bench.connection({ serializers });
      const producer = connection.producer({ serializer: 'counting' });
      const bodies = [0, '', false, null, [], { n: 1 }];
      for (const body of bodies) await producer.publish(body, toTasks);
      for (const [index, body] of bodies.entries()) {
        const message = await tasks.get(connection);
        expect(decoded).toBe(index);
        expect(message?.payload).toEqual(body);
        expect(message?.payload).toBe(message?.payload);
        expect(decoded).toBe(index + 1);
      }
    }),
  );

  it(
    'throws what decoding met, each time; the bytes are there all the same',
    onBench(async (bench) => {
      const connection = bench.connection();
      await connection.producer().publish('{"no', { ...toTasks, contentType: 'application/json' });
      const message = await tasks.get(connection);
      expect(() => message?.payload).toThrow(DecodeError);
      expect(() => message?.payload).toThrow(DecodeError);
      expect(message?.body.toString()).toBe('{"no');
      expect(await message?.reject()).toBe('ok');
    }),
  );

  it(
    'is decompressed first; what is no compressed body is told on reading and not before',
    onBench(async (bench) => {
      const connection = bench.connection();
      await connection.producer().publish({ n: 1 }, { ...toTasks, compression: 'gzip' });
      await connection.producer().publish('plain', { ...toTasks, headers: { compression: 'application/x-gzip' } });
      await connection.producer().publish('plain', { ...toTasks, headers: { compression: 'application/x-nonsense' } });
      expect((await tasks.get(connection))?.payload).toEqual({ n: 1 });
      for (let n = 0; n < 2; n++) {
        const message = await tasks.get(connection);
        expect(() => message?.payload).toThrow();
        expect(await message?.ack()).toBe('ok');
      }
    }),
  );

  it(
    'obeys the accept list of get',
    onBench(async (bench) => {
      const connection = bench.connection();
      await connection.producer().publish({ n: 1 }, toTasks);
      const message = await tasks.get(connection, { accept: ['text'] });
      expect(() => message?.payload).toThrow(ContentDisallowedError);
    }),
  );
});

describe('what a message tells', () => {
  it(
    'is where it came from and how',
    onBench(async (bench) => {
      const [message] = await receive(bench, 'a');
      expect(message?.deliveryInfo).toEqual({
        exchange: '',
        routingKey: 'tasks',
        redelivered: false,
        consumerTag: expect.stringMatching(/^kombu-/),
        queue: 'tasks',
        priority: undefined,
      });
      expect(message).toMatchObject({
        contentType: 'text/plain',
        contentEncoding: 'utf-8',
        headers: {},
        deliveryTag: 1,
        deliveryCount: 0,
        error: undefined,
        properties: { deliveryMode: 2 },
      });
      expect(String(message)).toBe("Message 1 from exchange '' with key 'tasks' (received)");
    }),
  );

  it(
    'an error of the envelope, thrown on reading the payload',
    onBench(async (bench) => {
      const connection = bench.connection();
      const error = new DecodeError('no envelope');
      bench.rules.push({ method: 'get', fault: async ({ next }) => ({ ...((await next()) as object), error }) });
      await connection.producer().publish('a', toTasks);
      const message = await tasks.get(connection);
      expect(message?.error).toBe(error);
      expect(() => message?.payload).toThrow(error);
    }),
  );
});

describe('ackLogError() and rejectLogError()', () => {
  it(
    'log instead of rejecting, also to a logger that throws',
    onBench(async (bench) => {
      const [message, other] = await receive(bench, 'a', 'b');
      await message!.ackLogError();
      await message!.ackLogError();
      await message!.rejectLogError();
      await other!.rejectLogError(undefined, { requeue: true });
      expect(bench.logged('error')).toEqual(['A message could not be acked', 'A message could not be rejected']);
      const logger = {
        ...bench.logger,
        error: () => {
          throw new Error('logger');
        },
      };
      await message!.ackLogError(logger);
    }),
  );
});
