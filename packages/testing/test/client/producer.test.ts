import type { Producer, ReturnedMessage } from '@kombu/core';
import {
  AbortedError,
  ConnectionError,
  EncodeError,
  Exchange,
  InvalidArgumentError,
  MessageNackedError,
  NotFoundError,
  PublishUncertainError,
  Queue,
  SerializerNotInstalledError,
  TimeoutError,
  UnroutableError,
  UnsupportedError,
} from '@kombu/core';
import type { Envelope, Route } from '@kombu/core/spi';

import { failBefore, hangAfter, hangBefore } from '../../src/fault/faults.ts';
import { Gate } from '../../src/fault/gate.ts';
import type { Bench } from './support/bench.ts';
import { onBench } from './support/bench.ts';
import { BrokerError } from './support/strict-error.ts';

const tasks = new Queue('tasks');
const toTasks = { routingKey: 'tasks', declare: [tasks] };

/** Notes what reaches the transport. */
function spy(bench: Bench): { readonly envelope: Envelope; readonly route: Route }[] {
  const seen: { envelope: Envelope; route: Route }[] = [];
  bench.rules.push({
    method: 'publish',
    fault: ({ args, next }) => {
      seen.push({ envelope: args[0] as Envelope, route: args[1] as Route });
      return next();
    },
  });
  return seen;
}

/** Holds back the answers to publishes. */
function holdAnswers(bench: Bench): Gate {
  const gate = new Gate();
  gate.shut();
  bench.rules.push({ method: 'publish', fault: hangAfter(gate) });
  return gate;
}

const code = (publishing: Promise<unknown>): Promise<string> =>
  publishing.then(
    () => 'done',
    (error: { code: string }) => error.code,
  );

describe('publish()', () => {
  it(
    'resolves when the broker has the message, with its id and what is known',
    onBench(async (bench) => {
      const producer = bench.connection().producer();
      expect(await producer.publish('a', { ...toTasks, messageId: 'm-1' })).toEqual({
        messageId: 'm-1',
        guarantee: 'confirmed',
      });
      expect(await producer.publish('b', { ...toTasks, confirm: false })).toMatchObject({ guarantee: 'sent' });
      expect((await producer.publish('c', toTasks)).messageId).toMatch(/^[0-9a-f-]{36}$/);
    }),
  );

  it(
    'declares what it is told once per connection, and the exchange of the producer by itself',
    onBench(async (bench) => {
      const media = new Exchange('media', { type: 'fanout' });
      const video = new Queue('video', { exchange: media });
      const producer = bench.connection().producer({ exchange: media });
      for (let n = 0; n < 3; n++) await producer.publish(n, { declare: [video] });
      expect(bench.broker.log.filter((line) => !line.startsWith('publish'))).toEqual([
        'declareExchange media',
        // For its queue, whose declaration is complete in itself.
        'declareExchange media',
        'declareQueue video',
        'bind media  video',
      ]);
      expect(bench.broker.ready('video')).toEqual(['0', '1', '2']);
    }),
  );

  it(
    'declares neither with autoDeclare: false nor an exchange given for one message',
    onBench(async (bench) => {
      const connection = bench.connection();
      const media = new Exchange('media');
      await expect(connection.producer({ exchange: media, autoDeclare: false }).publish('a')).rejects.toBeInstanceOf(
        NotFoundError,
      );
      await expect(connection.producer().publish('a', { exchange: media })).rejects.toBeInstanceOf(NotFoundError);
      expect(bench.broker.count('declareExchange')).toBe(0);
    }),
  );

  it(
    'goes on with other messages after a channel error',
    onBench(async (bench) => {
      const connection = bench.connection();
      const producer = connection.producer();
      await producer.publish('a', toTasks);
      await expect(producer.publish('b', { exchange: 'nowhere' })).rejects.toBeInstanceOf(NotFoundError);
      await producer.publish('c', toTasks);
      expect(bench.broker.ready('tasks')).toEqual(['a', 'c']);
      expect(connection.generation).toBe(1);
    }),
  );

  it(
    'rejects with what a declaration meets, and sends nothing',
    onBench(async (bench) => {
      const connection = bench.connection();
      await new Queue('tasks', { durable: false }).declare(connection);
      await expect(connection.producer().publish('a', toTasks)).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
      expect(bench.broker.count('publish')).toBe(0);
    }),
  );

  it(
    'merges the defaults of the producer with the options of the message',
    onBench(async (bench) => {
      const seen = spy(bench);
      const producer = bench
        .connection()
        .producer({ routingKey: 'tasks', priority: 3, appId: 'app', expiration: 1000 });
      await producer.publish('a', { declare: [tasks], priority: 5, type: 'note' });
      expect(seen[0]?.envelope.properties).toMatchObject({ priority: 5, appId: 'app', expiration: 1000, type: 'note' });
    }),
  );

  it(
    'maps every option to its property',
    onBench(async (bench) => {
      const seen = spy(bench);
      const producer = bench.connection().producer();
      await producer.publish('a', {
        ...toTasks,
        correlationId: 'c',
        replyTo: new Queue('answers'),
        messageId: 'm',
        timestamp: 12,
        type: 't',
        userId: 'u',
        appId: 'a',
        deliveryMode: 'transient',
        properties: { clusterId: 'x' },
        headers: { h: 1 },
        mandatory: true,
      });
      expect(seen[0]?.envelope).toMatchObject({
        contentType: 'text/plain',
        contentEncoding: 'utf-8',
        headers: { h: 1 },
        properties: {
          correlationId: 'c',
          replyTo: 'answers',
          messageId: 'm',
          timestamp: 12,
          type: 't',
          userId: 'u',
          appId: 'a',
          deliveryMode: 1,
          clusterId: 'x',
        },
      });
      expect(seen[0]?.route).toEqual({ exchange: '', routingKey: 'tasks', mandatory: true, confirm: true });
    }),
  );

  it(
    'takes a body that is encoded already as it is',
    onBench(async (bench) => {
      const seen = spy(bench);
      const producer = bench.connection().producer();
      await producer.publish('é', { ...toTasks, contentType: 'text/html', contentEncoding: 'iso-8859-1' });
      await producer.publish(Buffer.from([1, 2]), { ...toTasks, contentType: 'application/x-own' });
      expect(
        seen.map(({ envelope }) => [envelope.body.toString('hex'), envelope.contentType, envelope.contentEncoding]),
      ).toEqual([
        ['e9', 'text/html', 'iso-8859-1'],
        ['0102', 'application/x-own', 'binary'],
      ]);
      await expect(producer.publish({}, { contentType: 'text/html' })).rejects.toBeInstanceOf(EncodeError);
      await expect(
        producer.publish('a', { contentType: 'text/html', contentEncoding: 'klingon' }),
      ).rejects.toBeInstanceOf(EncodeError);
    }),
  );

  it(
    'compresses, and says so in a header of its own copy',
    onBench(async (bench) => {
      const seen = spy(bench);
      const headers = Object.freeze({ h: 1 });
      await bench
        .connection()
        .producer()
        .publish('a'.repeat(500), { ...toTasks, compression: 'gzip', headers });
      expect(seen[0]?.envelope.headers).toEqual({ h: 1, compression: 'application/x-gzip' });
      expect(seen[0]?.envelope.body.length).toBeLessThan(100);
      expect(headers).toEqual({ h: 1 });
    }),
  );

  it(
    'never changes the options, headers and properties of the caller, and sends what they held at the call',
    onBench(async (bench) => {
      const seen = spy(bench);
      const headers: Record<string, unknown> = { n: 1 };
      const options = Object.freeze({
        ...toTasks,
        headers,
        compression: 'gzip',
        retry: true,
        retryPolicy: Object.freeze({ maxRetries: 2 }),
        properties: Object.freeze({ x: 1 }),
      });
      const defaults = Object.freeze({ exchange: '', headers: Object.freeze({}), retryPolicy: Object.freeze({}) });
      const producer = bench.connection().producer(defaults);
      const plain = { ...options, compression: undefined };
      const publishes = [producer.publish('a', options), producer.publish('b', plain)];
      headers['n'] = 2;
      await Promise.all(publishes);
      expect(seen.map(({ envelope }) => envelope.headers['n'])).toEqual([1, 1]);
      expect(options.headers).toEqual({ n: 2 });
    }),
  );

  it(
    'names the nearest valid option for an unknown one, on the producer, too',
    onBench(async (bench) => {
      const connection = bench.connection();
      await expect(connection.producer().publish('a', { routing_key: 'x' } as never)).rejects.toThrow(/routingKey/);
      await expect(connection.producer().publish('a', { expire: 5 } as never)).rejects.toBeInstanceOf(
        InvalidArgumentError,
      );
      expect(() => connection.producer({ serialiser: 'json' } as never)).toThrow(/serializer/);
      expect(bench.network.attempts).toBe(0);
    }),
  );

  it(
    'rejects before anything is sent what can never work',
    onBench(async (bench) => {
      const producer = bench.connection().producer();
      const cyclic: Record<string, unknown> = {};
      cyclic['self'] = cyclic;
      await expect(producer.publish(cyclic)).rejects.toBeInstanceOf(EncodeError);
      await expect(producer.publish('a', { serializer: 'nonsense' })).rejects.toBeInstanceOf(
        SerializerNotInstalledError,
      );
      await expect(producer.publish('a', { priority: -1 })).rejects.toBeInstanceOf(InvalidArgumentError);
      await expect(producer.publish('a', { expiration: 1.5 })).rejects.toBeInstanceOf(InvalidArgumentError);
      await expect(producer.publish('a', { deliveryMode: 3 as 1 })).rejects.toBeInstanceOf(InvalidArgumentError);
      expect(bench.network.attempts).toBe(0);
    }),
  );

  it(
    'rejects a delay where the transport has none, and no channel is asked',
    onBench(async (bench) => {
      const producer = bench.connection().producer();
      for (let call = 0; call < 2; call++) {
        await expect(producer.publish('a', { ...toTasks, delay: 500 })).rejects.toBeInstanceOf(UnsupportedError);
      }
      expect(bench.broker.count('publish')).toBe(0);
      expect(producer.inFlight).toBe(0);
    }),
  );

  it(
    'passes a delay on where the transport has it',
    onBench(
      async (bench) => {
        const seen = spy(bench);
        await bench
          .connection()
          .producer()
          .publish('a', { ...toTasks, delay: 500 });
        expect(seen[0]?.route.delay).toBe(500);
      },
      { delay: true },
    ),
  );
});

describe('the four ways to fail', () => {
  it(
    'unroutable with mandatory; onReturn gets the message, and may throw',
    onBench(async (bench) => {
      const returned: ReturnedMessage[] = [];
      const onReturn = (message: ReturnedMessage): never => {
        returned.push(message);
        throw new Error('onReturn');
      };
      const producer = bench.connection().producer({ mandatory: true, onReturn });
      await expect(producer.publish('a', { routingKey: 'nowhere' })).rejects.toBeInstanceOf(UnroutableError);
      await bench.connection().producer().publish('a', { routingKey: 'nowhere' });
      expect(returned).toHaveLength(1);
      expect(returned[0]).toMatchObject({ exchange: '', routingKey: 'nowhere', replyCode: 312 });
      expect(bench.logged('error')).toEqual(['onReturn failed']);
    }),
  );

  it(
    'nacked',
    onBench(async (bench) => {
      bench.rules.push({ method: 'publish', times: 1, fault: failBefore(() => new BrokerError('NACKED', 'full')) });
      const producer = bench.connection().producer();
      await expect(producer.publish('a', toTasks)).rejects.toBeInstanceOf(MessageNackedError);
      await producer.publish('b', toTasks);
      expect(producer.inFlight).toBe(0);
    }),
  );

  it(
    'outcome unknown when the link breaks before the answer: it is not sent again',
    onBench(async (bench) => {
      const producer = bench.connection().producer();
      const gate = holdAnswers(bench);
      const publishing = producer.publish('a', toTasks);
      await bench.settle();
      const outcome = expect(publishing).rejects.toBeInstanceOf(PublishUncertainError);
      await bench.network.drop();
      await outcome;
      gate.open();
      await bench.clock.advance(60_000);
      expect(bench.broker.ready('tasks')).toEqual(['a']);
      expect(producer.inFlight).toBe(0);
    }),
  );

  it(
    'deadline passed, also when the broker never answers',
    onBench(async (bench) => {
      holdAnswers(bench);
      const producer = bench.connection().producer({ timeout: 500 });
      const start = bench.clock.now();
      await expect(bench.within(500, producer.publish('a', toTasks))).rejects.toBeInstanceOf(TimeoutError);
      await expect(bench.within(500, producer.publish('b', toTasks))).rejects.toBeInstanceOf(TimeoutError);
      expect(bench.clock.now() - start).toBe(1000);
      expect(producer.inFlight).toBe(0);
    }),
  );

  it(
    'every publish of a crowd ends with its own outcome when answers come, are refused, or are lost (R7)',
    onBench(async (bench) => {
      const producer = bench.connection().producer();
      await producer.publish('first', toTasks);
      let call = 0;
      bench.rules.push({
        method: 'publish',
        fault: async ({ next }) => {
          const turn = call++ % 3;
          if (turn === 1) throw new BrokerError('NACKED', 'full');
          const answer = await next();
          return turn === 0 ? answer : new Promise(() => {});
        },
      });
      const outcomes = Promise.all(Array.from({ length: 999 }, (_, n) => code(producer.publish(n, toTasks))));
      await bench.settle();
      expect(producer.inFlight).toBe(333);
      await bench.network.drop();
      const counts = new Map<string, number>();
      for (const outcome of await outcomes) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
      expect(Object.fromEntries(counts)).toEqual({ done: 333, NACKED: 333, PUBLISH_UNCERTAIN: 333 });
      expect(producer.inFlight).toBe(0);
    }),
  );
});

describe('abort', () => {
  it(
    'rejects at once at each stage, and the publish never happens later',
    onBench(async (bench) => {
      const connection = bench.connection();
      const producer = connection.producer({ maxInFlight: 1 });
      const fired = AbortSignal.abort(new Error('early'));
      await expect(producer.publish('a', { ...toTasks, signal: fired })).rejects.toBeInstanceOf(AbortedError);
      await expect(producer.publish('a', { ...toTasks, signal: fired, retry: true })).rejects.toBeInstanceOf(
        AbortedError,
      );
      await producer.publish('b', toTasks);
      await expect(producer.publish('c', { ...toTasks, signal: fired })).rejects.toBeInstanceOf(AbortedError);
      holdAnswers(bench);
      const sent = new AbortController();
      const waiting = new AbortController();
      const inFlight = producer.publish('d', { ...toTasks, signal: sent.signal });
      const inLine = producer.publish('e', { ...toTasks, signal: waiting.signal });
      await bench.settle();
      waiting.abort();
      await expect(inLine).rejects.toBeInstanceOf(AbortedError);
      sent.abort();
      await expect(inFlight).rejects.toBeInstanceOf(AbortedError);
      await bench.settle();
      expect(bench.broker.ready('tasks')).toEqual(['b', 'd']);
      expect(producer.inFlight).toBe(0);
    }),
  );
});

/** Publishes numbers, padded to a size. */
const crowd = (producer: Producer, count: number, size = 1): Promise<unknown>[] =>
  Array.from({ length: count }, (_, n) => producer.publish(String(n).padStart(size, '0'), toTasks));

describe('the window', () => {
  it.each([
    ['messages', { maxInFlight: 4 }, 1, 4],
    ['bytes', { maxInFlightBytes: 100 }, 30, 3],
  ])('bounds what is in flight in %s, and lets the rest through in order', (_, options, size, most) =>
    onBench(async (bench) => {
      const producer = bench.connection().producer(options);
      await producer.publish('', toTasks);
      const gate = holdAnswers(bench);
      const publishes = crowd(producer, 20, size);
      await bench.settle();
      expect(producer.inFlight).toBe(most);
      expect(bench.broker.ready('tasks')).toHaveLength(1 + most);
      gate.open();
      await Promise.all(publishes);
      expect(bench.broker.ready('tasks').slice(1).map(Number)).toEqual(Array.from({ length: 20 }, (__, n) => n));
    })(),
  );

  it(
    'lets a body larger than itself pass alone',
    onBench(async (bench) => {
      const producer = bench.connection().producer({ maxInFlightBytes: 10 });
      await Promise.all(crowd(producer, 5, 100));
      expect(bench.broker.ready('tasks')).toHaveLength(5);
    }),
  );

  it(
    'makes a publish that finds no room in time reject, and never sends it',
    onBench(async (bench) => {
      const producer = bench.connection().producer({ maxInFlight: 1 });
      await producer.publish('a', toTasks);
      const gate = holdAnswers(bench);
      const first = producer.publish('b', toTasks);
      const second = producer.publish('c', { ...toTasks, timeout: 100 });
      await expect(bench.within(100, second)).rejects.toBeInstanceOf(TimeoutError);
      gate.open();
      await first;
      await producer.publish('d', toTasks);
      expect(bench.broker.ready('tasks')).toEqual(['a', 'b', 'd']);
    }),
  );

  it(
    'is not narrowed by publishes that fail, whatever the way',
    onBench(async (bench) => {
      const producer = bench.connection().producer({ maxInFlight: 2, timeout: 100 });
      bench.network.refuse();
      const failing = Promise.all(crowd(producer, 10).map(code));
      expect(new Set(await bench.within(100, failing))).toEqual(new Set(['TIMEOUT']));
      bench.network.heal();
      await bench.within(1, producer.publish('a', toTasks));
      await Promise.all([1, 2, 3].map((n) => code(producer.publish(n, { exchange: 'nowhere' }))));
      expect(producer.inFlight).toBe(0);
      await Promise.all(crowd(producer, 10));
    }),
  );
});

/** Publishes 100 numbers while there is no link; it comes back after 2 seconds. */
const offlineCrowd = async (bench: Bench, timeout: number): Promise<string[]> => {
  const connection = bench.connection({ recovery: { intervalStart: 100, intervalStep: 0, jitter: false } });
  const producer = connection.producer({ timeout });
  await producer.publish('before', toTasks);
  bench.network.refuse();
  await bench.network.drop();
  const outcomes = Promise.all(Array.from({ length: 100 }, (_, n) => code(producer.publish(n, toTasks))));
  await bench.clock.advance(2000);
  bench.network.heal();
  await bench.clock.advance(10_000);
  expect(producer.inFlight).toBe(0);
  return outcomes;
};

describe('offline (R24)', () => {
  it(
    'publishes that expired in line do not hold up the next ones',
    onBench(async (bench) => {
      const producer = bench.connection().producer();
      bench.network.refuse();
      const expired = Promise.all(
        Array.from({ length: 50 }, () => code(producer.publish('a', { ...toTasks, timeout: 100 }))),
      );
      expect(new Set(await bench.within(100, expired))).toEqual(new Set(['TIMEOUT']));
      bench.network.heal();
      await bench.within(1, producer.publish('b', toTasks));
      expect(bench.broker.ready('tasks')).toEqual(['b']);
    }),
  );

  it(
    '100 publishes with a deadline of 1 s, the link back after 2 s: all rejected, the broker got none',
    onBench(async (bench) => {
      expect(new Set(await offlineCrowd(bench, 1000))).toEqual(new Set(['TIMEOUT']));
      expect(bench.broker.ready('tasks')).toEqual(['before']);
    }),
  );

  it(
    'with a deadline of 5 s: exactly 100, in order, none twice',
    onBench(async (bench) => {
      expect(new Set(await offlineCrowd(bench, 5000))).toEqual(new Set(['done']));
      expect(bench.broker.ready('tasks')).toEqual(['before', ...Array.from({ length: 100 }, (_, n) => String(n))]);
    }),
  );

  it(
    'keeps the order of publishes made before, during and after the link comes back',
    onBench(async (bench) => {
      const producer = bench.connection().producer();
      bench.network.refuse(1);
      const publishes: Promise<unknown>[] = [];
      for (let n = 0; n < 30; n++) {
        publishes.push(producer.publish(n, n % 7 === 0 ? toTasks : { routingKey: 'tasks' }));
        if (n % 5 === 0) await bench.clock.advance(20);
      }
      await bench.within(30_000, Promise.all(publishes));
      expect(bench.broker.ready('tasks').map(Number)).toEqual(Array.from({ length: 30 }, (_, n) => n));
    }),
  );
});

describe('retry: true', () => {
  it(
    'publishes again under the same messageId when the outcome is unknown',
    onBench(async (bench) => {
      const seen = spy(bench);
      const gate = holdAnswers(bench);
      const publishing = bench
        .connection()
        .producer()
        .publish('a', { ...toTasks, retry: true });
      await bench.settle();
      await bench.network.drop();
      gate.open();
      const { messageId } = await bench.within(30_000, publishing);
      expect(seen.map(({ envelope }) => envelope.properties.messageId)).toEqual([messageId, messageId]);
      expect(bench.broker.ready('tasks')).toEqual(['a', 'a']);
    }),
  );

  it(
    'obeys its policy and its deadline',
    onBench(async (bench) => {
      const producer = bench.connection().producer({ retry: true });
      await producer.publish('a', toTasks);
      const seen: number[] = [];
      bench.rules.push({ method: 'publish', fault: failBefore(() => new BrokerError('PUBLISH_UNCERTAIN', 'lost')) });
      const retryPolicy = {
        maxRetries: 2,
        intervalStart: 10,
        intervalStep: 10,
        jitter: false,
        errback: (_: Error, interval: number) => seen.push(interval),
      };
      await expect(bench.within(1000, producer.publish('b', { ...toTasks, retryPolicy }))).rejects.toBeInstanceOf(
        PublishUncertainError,
      );
      expect(seen).toEqual([10, 20]);
      const start = bench.clock.now();
      const impatient = producer.publish('c', { ...toTasks, timeout: 5000 });
      expect(await bench.within(5000, code(impatient))).toMatch(/TIMEOUT|PUBLISH_UNCERTAIN/);
      expect(bench.clock.now() - start).toBeLessThanOrEqual(5000);
    }),
  );

  it(
    'does not repeat what the broker refused',
    onBench(async (bench) => {
      const seen = spy(bench);
      const producer = bench.connection().producer({ retry: true });
      await expect(producer.publish('a', { routingKey: 'nowhere', mandatory: true })).rejects.toBeInstanceOf(
        UnroutableError,
      );
      await expect(producer.publish('a', { exchange: 'nowhere' })).rejects.toBeInstanceOf(NotFoundError);
      expect(seen).toHaveLength(2);
    }),
  );
});

describe('blocked (R23)', () => {
  it(
    'makes publishes wait, and reject with BLOCKED and the reason at their deadline; later ones go through',
    onBench(async (bench) => {
      const connection = bench.connection();
      const events: unknown[] = [];
      connection.on('blocked', (event) => events.push(event));
      const producer = connection.producer();
      await producer.publish('a', toTasks);
      bench.broker.block('low on disk');
      expect(connection.blocked).toBe('low on disk');
      expect(connection.health()).toMatchObject({ blocked: true });
      const error = await bench
        .within(500, producer.publish('b', { ...toTasks, timeout: 500 }))
        .catch((e: unknown) => e);
      expect(error).toBeInstanceOf(ConnectionError);
      expect(error).toMatchObject({ code: 'BLOCKED', message: expect.stringContaining('low on disk') });
      const patient = producer.publish('c', toTasks);
      await bench.clock.advance(1000);
      bench.broker.block(undefined);
      await patient;
      await producer.publish('d', toTasks);
      expect(bench.broker.ready('tasks')).toEqual(['a', 'c', 'd']);
      expect(connection.blocked).toBeUndefined();
      expect(events).toEqual([
        { blocked: true, reason: 'low on disk' },
        { blocked: false, reason: undefined },
      ]);
    }),
  );

  it(
    'lets consumers settle, and an abort end the wait',
    onBench(async (bench) => {
      const connection = bench.connection();
      const producer = connection.producer();
      const outcomes: unknown[] = [];
      const gate = new Gate();
      gate.shut();
      await connection.consume(tasks, async (_, message) => {
        await gate.pass();
        outcomes.push(await message.ack());
      });
      await producer.publish('a', toTasks);
      bench.broker.block('low on memory');
      gate.open();
      await bench.settle();
      expect(outcomes).toEqual(['ok']);
      const controller = new AbortController();
      const waiting = producer.publish('b', { ...toTasks, signal: controller.signal });
      await bench.settle();
      controller.abort();
      await expect(waiting).rejects.toBeInstanceOf(AbortedError);
    }),
  );

  it(
    'ends with the link that was blocked',
    onBench(async (bench) => {
      const connection = bench.connection();
      const producer = connection.producer();
      await producer.publish('a', toTasks);
      bench.broker.block('low on memory');
      const waiting = producer.publish('b', toTasks);
      await bench.network.drop();
      await bench.within(30_000, waiting);
      expect(connection.blocked).toBeUndefined();
      expect(bench.broker.ready('tasks')).toEqual(['a', 'b']);
    }),
  );
});

describe('flush() and close()', () => {
  it(
    'flush waits for all answers, within its timeout',
    onBench(async (bench) => {
      const producer = bench.connection().producer();
      await producer.flush();
      const gate = holdAnswers(bench);
      const publishes = Promise.all([1, 2, 3].map((n) => producer.publish(n, toTasks)));
      await expect(bench.within(100, producer.flush({ timeout: 100 }))).rejects.toBeInstanceOf(TimeoutError);
      const flushed = producer.flush();
      gate.open();
      await flushed;
      expect(producer.inFlight).toBe(0);
      await publishes;
    }),
  );

  it(
    'flush waits for those that wait for a link, too',
    onBench(async (bench) => {
      bench.network.refuse(1);
      const producer = bench.connection().producer();
      const publishing = producer.publish('a', { routingKey: 'tasks' });
      let flushed = false;
      const flushing = producer.flush().then(() => (flushed = true));
      await bench.settle();
      expect(flushed).toBe(false);
      await bench.within(30_000, Promise.all([publishing, flushing]));
    }),
  );

  it(
    'close waits at most its timeout, says what it gave up, and ends the producer alone',
    onBench(async (bench) => {
      const connection = bench.connection();
      const producer = connection.producer();
      const other = connection.producer();
      const gate = holdAnswers(bench);
      const publishing = producer.publish('a', toTasks);
      await bench.settle();
      const closing = producer.close({ timeout: 100 });
      expect(producer.close()).toBe(closing);
      expect(await bench.within(100, closing)).toEqual({ abandoned: 1 });
      await expect(producer.publish('b', toTasks)).rejects.toMatchObject({ code: 'CLOSED' });
      gate.open();
      await publishing;
      await other.publish('c', toTasks);
    }),
  );

  it(
    'leaves nothing of an idle producer with the connection',
    onBench(async (bench) => {
      const connection = bench.connection();
      for (let n = 0; n < 50; n++) await connection.producer().publish(n, toTasks);
      bench.network.refuse();
      await bench.network.drop();
      await bench.within(100, code(connection.producer().publish('a', { ...toTasks, timeout: 100 })));
      await bench.settle();
      expect(connection.internals.producers.size).toBe(0);
    }),
  );
});

describe('Producer on a channel', () => {
  it(
    'uses that channel and no other',
    onBench(async (bench) => {
      const connection = bench.connection();
      const channel = await connection.channel();
      const { opened } = bench.broker;
      const { Producer: ProducerClass } = await import('@kombu/core');
      const producer = new ProducerClass(channel);
      await tasks.declare(connection);
      await producer.publish('a', { routingKey: 'tasks' });
      // The declaration has a channel of its own.
      expect(bench.broker.opened).toBe(opened + 1);
      await channel.close();
      await expect(producer.publish('b', { routingKey: 'tasks' })).rejects.toMatchObject({ code: 'CLOSED' });
      bench.rules.push({ method: 'publish', fault: hangBefore(new Gate()) });
    }),
  );
});
