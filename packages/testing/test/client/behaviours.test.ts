import type { Message, Producer, ReturnedMessage } from '@kombu/core';
import {
  binding,
  Connection,
  ConnectionError,
  Consumer,
  DecodeError,
  Exchange,
  InvalidArgumentError,
  LimitExceededError,
  maybeDeclare,
  MessageStateError,
  NotBoundError,
  Queue,
  TimeoutError,
} from '@kombu/core';

import type { MemoryBench } from './support/memory-bench.ts';
import { onMemory } from './support/memory-bench.ts';

const tasks = new Queue('tasks');
const toTasks = { routingKey: 'tasks', declare: [tasks] };
const withoutJitter = { intervalStart: 1000, intervalStep: 1000, jitter: false };

function errback(): never {
  throw new Error('errback');
}

const publishOn = (connection: Connection): Promise<unknown> => connection.producer().publish('a', toTasks);

/** A network of several hosts that are all down: notes which host is tried when. */
function allDown(bench: MemoryBench): { readonly host: string | undefined; readonly at: number }[] {
  const attempts: { host: string | undefined; at: number }[] = [];
  const start = bench.clock.now();
  const connect = bench.network.connect.bind(bench.network);
  bench.network.connect = (target, ctx) => {
    attempts.push({ host: target.hostname, at: bench.clock.now() - start });
    return connect(target, ctx);
  };
  bench.network.refuse();
  return attempts;
}

/** The behaviours that Kombu's own tests pin, by their numbers in the inventory. */
describe('behaviours of Kombu: connection and retry', () => {
  it(
    'behaviour 2: info() and asUri() round-trip, the password only on request, a password function untouched until asked',
    onMemory(async (bench) => {
      let asked = 0;
      const password = (): string => `secret${(asked += 1)}`;
      const connection = bench.connection({ password, userid: 'u' }, 'memory://host/v%2fhost');
      expect(connection.info()).toMatchObject({ hostname: 'host', userid: 'u', virtualHost: 'v/host' });
      expect(connection.asUri()).toBe('memory://host/v/host');
      expect(new Connection(connection.asUri(), { transport: bench.network }).info().virtualHost).toBe('v/host');
      expect(asked).toBe(0);
      const shown = bench.connection({}, 'memory://u:secret@host/');
      expect(shown.asUri()).toBe('memory://u:**@host/');
      expect(shown.asUri({ mask: '--' })).toBe('memory://u:--@host/');
      expect(shown.asUri({ includePassword: true })).toBe('memory://u:secret@host/');
      await connection.connect();
      expect(asked).toBe(1);
    }),
  );

  it(
    'behaviour 3: a list and the ; form give the same alternates; switch() adopts the next URL and opens a closed connection',
    onMemory(async (bench) => {
      const list = bench.connection({}, ['memory://a', 'memory://b/v']);
      const text = bench.connection({}, 'memory://a;memory://b/v');
      expect(list.info()).toEqual(text.info());
      expect(list.info().alternates).toEqual(['memory://a', 'memory://b/v']);
      await list.connect();
      await bench.within(1000, list.close());
      await bench.within(1000, list.switch('memory://b/v'));
      expect(list.info()).toMatchObject({ transport: 'memory', hostname: 'b', virtualHost: 'v' });
      await list.connect();
      expect(list.connected).toBe(true);
    }),
  );

  it(
    'behaviour 4: with two hosts the waits are 0, 1, 0, 2, 0, 3, and the host switches even if errback throws',
    onMemory(async (bench) => {
      const attempts = allDown(bench);
      const connection = bench.connection({}, 'memory://a;memory://b');
      const policy = { ...withoutJitter, maxRetries: 6 };
      await expect(bench.within(60_000, connection.ensureConnection(policy))).rejects.toBeInstanceOf(ConnectionError);
      const waits = attempts.slice(1).map(({ at }, index) => (at - (attempts[index]?.at ?? 0)) / 1000);
      expect(waits).toEqual([0, 1, 0, 2, 0, 3]);
      expect(attempts.map(({ host }) => host)).toEqual(['a', 'b', 'a', 'b', 'a', 'b', 'a']);
      attempts.length = 0;
      for (const host of ['b', 'a', 'b']) {
        await expect(connection.ensureConnection({ errback })).rejects.toThrow('errback');
        expect(attempts.at(-1)?.host).toBe(host);
      }
    }),
  );

  it(
    'behaviour 5: connect() does not repeat; the default channel does, within its budget, and tells errback',
    onMemory(async (bench) => {
      bench.network.refuse();
      const seen: number[] = [];
      const connection = bench.connection({
        recovery: { ...withoutJitter, errback: (_, interval) => seen.push(interval) },
      });
      await expect(connection.connect()).rejects.toMatchObject({ code: 'CONNECTION_FAILED' });
      expect(bench.network.attempts).toBe(1);
      const opening = connection.defaultChannel.open({ timeout: 4000 });
      await expect(bench.within(4000, opening)).rejects.toBeInstanceOf(TimeoutError);
      expect(seen).toEqual([1000, 2000, 3000]);
      bench.network.heal();
      await bench.within(60_000, connection.defaultChannel.open({}));
      expect(connection.connected).toBe(true);
    }),
  );

  it(
    'behaviour 6: ensure() passes success and foreign errors, repeats after connection errors (n retries = n + 1 tries); autoretry() recovers',
    onMemory(async (bench) => {
      const connection = await bench.connection({}, 'memory://a;memory://b').connect();
      expect(await connection.ensure(async () => 'fine')).toBe('fine');
      await expect(connection.ensure(() => Promise.reject(new RangeError('foreign')))).rejects.toBeInstanceOf(
        RangeError,
      );
      let tries = 0;
      const failing = connection.ensure(
        async () => {
          tries += 1;
          throw new ConnectionError('lost');
        },
        { ...withoutJitter, maxRetries: 3 },
      );
      await expect(bench.within(60_000, failing)).rejects.toBeInstanceOf(ConnectionError);
      expect(tries).toBe(4);
      let dropped = false;
      const declare = connection.autoretry(async (channel, name: string) => {
        if (!dropped) {
          dropped = true;
          await bench.network.drop();
          throw new ConnectionError('lost');
        }
        return new Queue(name).declare(channel);
      });
      expect(await bench.within(60_000, declare('recovered'))).toMatchObject({ queue: 'recovered' });
      expect(connection.generation).toBe(2);
    }),
  );

  it(
    'behaviour 7: close() survives errors of the transport and of the default channel',
    onMemory(async (bench) => {
      const connection = await bench.connection().connect();
      const session = await connection.defaultChannel.open({});
      Object.assign(session.channel, { close: () => Promise.reject(new Error('channel')) });
      const link = connection.internals.link as unknown as { close(): Promise<void> };
      link.close = () => Promise.reject(new Error('link'));
      expect(await bench.within(1000, connection.close())).toEqual({ completed: 0, released: 0, abandoned: 0 });
      expect(bench.connection().capabilities?.exchangeTypes).toContain('topic');
    }),
  );

  it(
    'behaviour 8: pools keep their limit, lend again what comes back, resize by the rules; a broken connection reconnects',
    onMemory(async (bench) => {
      const connection = bench.connection();
      for (const pool of [connection.pool({ limit: 2 }), connection.channelPool({ limit: 2 })]) {
        const [one, two] = [await pool.acquire(), await pool.acquire()];
        await expect(pool.tryAcquire()).rejects.toBeInstanceOf(LimitExceededError);
        one.release();
        expect((await pool.acquire()).value).toBe(one.value);
        await expect(pool.resize(1)).rejects.toBeInstanceOf(InvalidArgumentError);
        await pool.resize(1, { force: true });
        await pool.resize(3);
        const three = await pool.acquire();
        await two.replace();
        const four = await pool.acquire();
        expect(four.value).not.toBe(two.value);
        three.release();
        four.release();
        await bench.within(20_000, pool.close());
      }
      const pool = connection.pool({ limit: 1 });
      await expect(pool.use(() => Promise.reject(new Error('in the block')))).rejects.toThrow('in the block');
      await pool.use(publishOn);
      await bench.network.drop();
      await bench.within(60_000, pool.use(publishOn));
      await bench.within(20_000, pool.close());
      const lazy = connection.pool({ limit: 5 });
      const attempts = bench.network.attempts;
      (await lazy.acquire()).release();
      expect(bench.network.attempts).toBe(attempts);
      await lazy.close();
    }),
  );
});

describe('behaviours of Kombu: entities and messaging', () => {
  it(
    'behaviour 10: exclusive implies autoDelete, an anonymous queue takes a generated name, noDeclare and amq. never declare',
    onMemory(async (bench) => {
      const connection = bench.connection();
      expect(new Queue('q', { exclusive: true, autoDelete: false }).autoDelete).toBe(true);
      const anonymous = new Queue('', { exclusive: true });
      const { queue } = await anonymous.declare(connection);
      expect(queue).not.toBe('');
      expect(anonymous.name).toBe(queue);
      await new Exchange('media', { noDeclare: true }).declare(connection);
      await new Queue('never', { noDeclare: true }).declare(connection);
      await new Exchange('amq.own').declare(connection);
      for (const name of ['media', 'amq.own']) {
        await expect(
          new Exchange(name.replace('amq.', ''), { passive: true }).declare(connection),
        ).rejects.toMatchObject({
          code: 'NOT_FOUND',
        });
      }
      await expect(new Queue('never').size(connection)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    }),
  );

  it('behaviour 11: options become x- arguments, in milliseconds, and win over the same explicit argument', () => {
    const queue = new Queue('q', {
      expires: 1500,
      messageTtl: 250,
      maxLength: 10,
      maxLengthBytes: 1000,
      maxPriority: 9,
      queueArguments: { 'x-expires': 1, 'x-max-length': 2, 'x-own': 'kept' },
    });
    expect(queue.declaration().arguments).toEqual({
      'x-expires': 1500,
      'x-message-ttl': 250,
      'x-max-length': 10,
      'x-max-length-bytes': 1000,
      'x-max-priority': 9,
      'x-own': 'kept',
    });
    expect(new Queue('q').declaration().arguments).toEqual({});
  });

  it(
    'behaviour 12: maybeDeclare() declares once per connection and answers false then; again what goes by itself; waits for a dropped connection',
    onMemory(async (bench) => {
      const connection = bench.connection();
      expect(await maybeDeclare(tasks, connection)).toBe(true);
      expect(await maybeDeclare(tasks, connection)).toBe(false);
      expect(await maybeDeclare(new Queue('tasks'), connection)).toBe(false);
      expect(await maybeDeclare(new Queue('tasks').bind(connection), connection)).toBe(false);
      expect(await maybeDeclare(tasks, bench.connection())).toBe(true);
      const passing = new Queue('passing', { autoDelete: true });
      expect([await maybeDeclare(passing, connection), await maybeDeclare(passing, connection)]).toEqual([true, true]);
      const expiring = new Queue('expiring', { expires: 60_000 });
      expect([await maybeDeclare(expiring, connection), await maybeDeclare(expiring, connection)]).toEqual([
        true,
        true,
      ]);
      bench.network.refuse();
      await bench.network.drop();
      const declaring = maybeDeclare(new Queue('new'), connection, { timeout: 500 });
      await expect(bench.within(500, declaring)).rejects.toBeInstanceOf(TimeoutError);
      bench.network.heal();
      expect(await bench.within(60_000, maybeDeclare(new Queue('new'), connection))).toBe(true);
    }),
  );

  it(
    'behaviour 13: publish() takes milliseconds, a Queue as replyTo, the delivery mode of the exchange, a declare list, a retry policy and a timeout',
    onMemory(async (bench) => {
      const connection = bench.connection();
      const transient = new Exchange('transient', { deliveryMode: 'transient' });
      const queue = new Queue('tasks', { exchange: transient, routingKey: 'k' });
      const producer = connection.producer({ exchange: transient, routingKey: 'k' });
      const seen: Message['properties'][] = [];
      const published = async (options: Parameters<Producer['publish']>[1]): Promise<void> => {
        await producer.publish('a', { declare: [queue], ...options });
        const message = await queue.get(connection, { noAck: true });
        if (message) seen.push(message.properties);
      };
      await published({ expiration: 2500, replyTo: new Queue('answers') });
      await published({ deliveryMode: 2 });
      await published({ exchange: '', routingKey: 'tasks' });
      expect(seen).toMatchObject([
        { expiration: 2500, replyTo: 'answers', deliveryMode: 1 },
        { deliveryMode: 2 },
        { deliveryMode: 2 },
      ]);
      bench.network.refuse();
      await bench.network.drop();
      const late = producer.publish('a', { retry: true, retryPolicy: withoutJitter, timeout: 1500 });
      await expect(bench.within(1500, late)).rejects.toBeInstanceOf(TimeoutError);
    }),
  );

  it(
    'behaviour 14: onReturn hears of returned messages, also on a new link',
    onMemory(async (bench) => {
      const returned: ReturnedMessage[] = [];
      const producer = bench.connection().producer({ mandatory: true, onReturn: (message) => returned.push(message) });
      for (let link = 1; link <= 2; link++) {
        const publishing = bench.within(60_000, producer.publish(link, { routingKey: 'nowhere' }));
        await expect(publishing).rejects.toMatchObject({ code: 'UNROUTABLE' });
        await bench.network.drop();
      }
      expect(returned.map(({ envelope }) => envelope.body.toString())).toEqual(['1', '2']);
    }),
  );

  it(
    'behaviour 15: consume() twice is one, tags have the prefix, cancel ends it but a broken link does not, prefetch comes back, accept and onDecodeError decide',
    onMemory(async (bench) => {
      const connection = bench.connection();
      const got: unknown[] = [];
      const tags = new Set<string | undefined>();
      const refused: unknown[] = [];
      const consumer = connection.consumer(tasks, {
        prefetch: 2,
        tagPrefix: 'worker-',
        accept: ['json'],
        onDecodeError: (message, error) => {
          refused.push((error as DecodeError).code);
          return message.ack();
        },
        handler: (body, message) => {
          got.push(body);
          tags.add(message.deliveryInfo.consumerTag);
          return undefined;
        },
      });
      await consumer.consume();
      await consumer.consume();
      for (let n = 1; n <= 5; n++) await connection.producer().publish(n, toTasks);
      await bench.settle();
      expect(got).toEqual([1, 2]);
      expect([...tags].every((tag) => tag?.startsWith('worker-'))).toBe(true);
      await bench.network.drop();
      await bench.until(60_000, () => got.length === 4);
      await bench.settle();
      expect(got).toEqual([1, 2, 1, 2]);
      await consumer.cancel();
      await bench.clock.advance(60_000);
      expect(got).toHaveLength(4);
      const texts = connection.consumer('texts', {
        accept: ['json'],
        onDecodeError: (message, error) => {
          refused.push((error as DecodeError).code);
          return message.ack();
        },
        handler: () => refused.push('handler'),
      });
      await texts.consume();
      await connection.producer().publish('text', { routingKey: 'texts' });
      await bench.settle();
      expect(refused).toEqual(['CONTENT_DISALLOWED']);
    }),
  );

  it(
    'behaviour 16: settling twice is an error in every combination, and a noAck message ignores it',
    onMemory(async (bench) => {
      const connection = bench.connection();
      const settle = [
        (message: Message) => message.ack(),
        (message: Message) => message.reject(),
        (message: Message) => message.requeue(),
      ];
      for (const first of settle) {
        for (const second of settle) {
          await connection.producer().publish('a', toTasks);
          const message = (await tasks.get(connection)) as Message;
          expect(await first(message)).toBe('ok');
          await expect(second(message)).rejects.toBeInstanceOf(MessageStateError);
          await tasks.purge(connection);
        }
      }
      await connection.producer().publish('a', toTasks);
      const message = (await tasks.get(connection, { noAck: true })) as Message;
      expect([await message.ack(), await message.ack(), await message.reject()]).toEqual(['ok', 'ok', 'ok']);
    }),
  );

  it(
    'behaviour 17: a body that cannot be decompressed is an error on reading the payload, not on receiving the message',
    onMemory(async (bench) => {
      const connection = bench.connection();
      await connection.producer().publish('plain', { ...toTasks, headers: { compression: 'application/x-gzip' } });
      const message = (await tasks.get(connection)) as Message;
      expect(message.body.toString()).toBe('plain');
      expect(() => message.payload).toThrow(DecodeError);
      expect(await message.reject()).toBe('ok');
    }),
  );

  it(
    'behaviour 22: a queue has an alias for the use of the application, which never reaches the broker',
    onMemory(async (bench) => {
      const queue = new Queue('bcast.1234', { alias: 'news' });
      expect(queue.bind(bench.connection()).alias).toBe('news');
      expect(Queue.from(JSON.parse(JSON.stringify(queue))).alias).toBe('news');
      expect(queue.declaration()).not.toHaveProperty('alias');
    }),
  );
});

describe('behaviours of Kombu: virtual base, seen from a consumer', () => {
  it(
    'behaviour 27: one delivery per queue, however many of its bindings match',
    onMemory(async (bench) => {
      const connection = bench.connection();
      const media = new Exchange('media', { type: 'topic' });
      const bindings = ['a.#', '*.b', 'a.b'].map((routingKey) => binding(media, { routingKey }));
      const queue = new Queue('q', { bindings });
      await queue.declare(connection);
      await media.publish('x', { routingKey: 'a.b' }, connection);
      expect(await queue.size(connection)).toBe(1);
      await expect(new Exchange('media', { type: 'fanout' }).declare(connection)).rejects.toMatchObject({
        code: 'PRECONDITION_FAILED',
      });
    }),
  );

  it(
    'behaviour 28: a prefetch counts unsettled messages; what a closed consumer held comes again in order, once',
    onMemory(async (bench) => {
      const connection = bench.connection();
      for (let n = 1; n <= 6; n++) await connection.producer().publish(n, toTasks);
      const held: Message[] = [];
      const channel = await connection.channel();
      const consumer = new Consumer(channel, {
        queues: tasks,
        prefetch: 4,
        handler: (_, message) => held.push(message),
      });
      await consumer.consume();
      await bench.settle();
      expect(held.map(({ payload }) => payload)).toEqual([1, 2, 3, 4]);
      await held[1]?.ack();
      await bench.settle();
      expect(held).toHaveLength(5);
      await bench.within(20_000, consumer.close({ timeout: 0 }));
      const again: [unknown, boolean][] = [];
      await connection.consume(tasks, (body, message) => {
        again.push([body, message.deliveryInfo.redelivered]);
        return message.ack();
      });
      await bench.settle();
      expect(again).toEqual([
        [1, true],
        [3, true],
        [4, true],
        [5, true],
        [6, false],
      ]);
      await channel.close();
      await bench.settle();
      expect(bench.broker.counts('tasks')).toEqual({ ready: 0, leased: 0, delayed: 0 });
    }),
  );

  it(
    'behaviour 29: a compressed message stays readable when it is requeued, and delivery tags are unique over channels',
    onMemory(async (bench) => {
      const connection = bench.connection();
      await connection.producer().publish({ n: 1 }, { ...toTasks, compression: 'gzip' });
      const tags = new Set<unknown>();
      for (let turn = 0; turn < 3; turn++) {
        const channel = await connection.channel();
        const message = (await tasks.get(channel)) as Message;
        expect(message.payload).toEqual({ n: 1 });
        tags.add(message.deliveryTag);
        await message.requeue();
        await channel.close();
      }
      expect(tags.size).toBe(3);
    }),
  );

  it(
    'behaviour 30: higher priorities come first, and a poll never outlives its timeout',
    onMemory(async (bench) => {
      const connection = bench.connection();
      const queue = connection.simpleQueue<number>('prio');
      for (const priority of [1, 9, 5]) await queue.put(priority, { priority });
      const got: number[] = [];
      for (let n = 0; n < 3; n++) got.push((await bench.within(1000, queue.get({ timeout: 1000 }))).payload);
      expect(got).toEqual([9, 5, 1]);
      const start = bench.clock.now();
      await expect(bench.within(250, queue.get({ timeout: 250 }))).rejects.toMatchObject({ code: 'EMPTY' });
      expect(bench.clock.now() - start).toBe(250);
      await bench.within(20_000, queue.close());
    }),
  );

  it('an unbound entity says so (NotBoundError)', async () => {
    await expect(tasks.declare()).rejects.toBeInstanceOf(NotBoundError);
  });
});
