import {
  Broadcast,
  ChannelError,
  ConnectionError,
  EncodeError,
  Exchange,
  Queue,
  collectReplies,
  drainConsumer,
  eventLoop,
  ignoreErrors,
  insured,
  iterMessages,
  sendReply,
  type Message,
} from '@kombu/core';
import { onMemory } from '../client/support/memory-bench.ts';

describe('behaviour 22: Broadcast', () => {
  it('names its queue: something new, what was given, or what was given with something unique', () => {
    expect(new Broadcast('news').name).toMatch(/^bcast\.[0-9a-f-]{36}$/);
    expect(new Broadcast('news', { queue: 'mine' }).name).toBe('mine');
    expect(new Broadcast('news', { queue: 'mine', unique: true }).name).toMatch(/^mine\.[0-9a-f-]{36}$/);
    expect(new Broadcast('news', { queue: 'mine', unique: true }).name).not.toBe(
      new Broadcast('news', { queue: 'mine', unique: true }).name,
    );
  });

  it('is a durable auto-delete queue on a durable fanout exchange of its name, which is its alias', () => {
    const broadcast = new Broadcast('news');
    expect(broadcast).toMatchObject({ alias: 'news', durable: true, autoDelete: true, exclusive: false });
    expect(broadcast.exchange).toMatchObject({ name: 'news', type: 'fanout', durable: true, autoDelete: false });
    const exchange = new Exchange('other', { type: 'fanout' });
    expect(new Broadcast('news', { exchange, autoDelete: false })).toMatchObject({ exchange, autoDelete: false });
  });

  it(
    'everybody gets everything',
    onMemory(async (bench) => {
      const got: string[][] = [[], []];
      for (const list of got)
        await bench.connection().consume(new Broadcast<string>('news'), (body) => list.push(body));
      for (const body of ['a', 'b']) await bench.connection().producer({ exchange: 'news' }).publish(body);
      await bench.until(1000, () => got.every(({ length }) => length === 2));
      expect(got).toEqual([
        ['a', 'b'],
        ['a', 'b'],
      ]);
    }),
  );
});

describe('behaviour 22: eventLoop', () => {
  it(
    'has a round for each event, up to its limit',
    onMemory(async (bench) => {
      const connection = bench.connection();
      await connection.consume('q', (_body, message) => message.ack());
      let rounds = 0;
      for (let count = 0; count < 5; count += 1) await connection.producer({ routingKey: 'q' }).publish(count);
      const looping = (async () => {
        for await (const _ of eventLoop(connection, { limit: 3 })) rounds += 1;
      })();
      await bench.settle();
      await connection.producer({ routingKey: 'q' }).publish('more');
      await bench.settle();
      await connection.producer({ routingKey: 'q' }).publish('and more');
      await bench.within(1000, looping);
      expect(rounds).toBe(3);
    }),
  );

  it(
    'a round without an event is an error, unless it is to be ignored; then it counts',
    onMemory(async (bench) => {
      const connection = bench.connection();
      await connection.connect();
      await expect(bench.within(100, eventLoop(connection, { timeout: 50 }).next())).rejects.toMatchObject({
        code: 'TIMEOUT',
      });
      let rounds = 0;
      const looping = (async () => {
        for await (const _ of eventLoop(connection, { timeout: 50, limit: 2, ignoreTimeouts: true })) rounds += 1;
      })();
      await bench.within(200, looping);
      expect(rounds).toBe(2);
    }),
  );

  it(
    'ends when its signal fires',
    onMemory(async (bench) => {
      const connection = bench.connection();
      await connection.connect();
      const stop = new AbortController();
      const looping = eventLoop(connection, { signal: stop.signal }).next();
      await bench.settle();
      stop.abort();
      expect(await looping).toEqual({ done: true, value: undefined });
    }),
  );
});

describe('behaviour 22: iterMessages', () => {
  it(
    'gives so many messages, and ends quietly when none comes in time; the others stay',
    onMemory(async (bench) => {
      const connection = bench.connection();
      for (const body of ['a', 'b', 'c'])
        await connection.producer({ routingKey: 'q' }).publish(body, { declare: [new Queue('q')] });
      const got: unknown[] = [];
      const take = async (limit: number): Promise<void> => {
        for await (const message of iterMessages(connection, 'q', { limit, timeout: 100 })) {
          got.push(message.payload);
          await message.ack();
        }
      };
      await bench.within(1000, take(2));
      expect(got).toEqual(['a', 'b']);
      expect(bench.broker.topology.queue('q')?.consumers.size).toBe(0);
      await bench.within(1000, take(5));
      expect(got).toEqual(['a', 'b', 'c']);
      await bench.within(1000, take(5));
      expect(got).toHaveLength(3);
    }),
  );

  it(
    'loses nothing that comes when its time is up',
    onMemory(async (bench) => {
      const connection = bench.connection();
      const draining = drainConsumer(connection.consumer('q'), { timeout: 100 }).next();
      expect(await bench.within(200, draining)).toEqual({ done: true, value: undefined });
      await connection.producer({ routingKey: 'q' }).publish('late');
      const next = await bench.within(200, iterMessages(connection, 'q', { timeout: 100 }).next());
      expect((next.value as Message).payload).toBe('late');
    }),
  );
});

describe('behaviour 23: replies', () => {
  it.each([true, false])('are collected from a queue, which is deleted when one came (noAck: %s)', (noAck) =>
    onMemory(async (bench) => {
      const connection = bench.connection();
      const replies = new Queue<{ sum: number }>('replies');
      await replies.declare(connection);
      await connection.consume('sums', async (body, message) => {
        const [a, b] = body as [number, number];
        await sendReply('', message, { sum: a + b }, connection.producer());
        await message.ack();
      });
      const collect = async (): Promise<unknown[]> => {
        const got: unknown[] = [];
        for await (const body of collectReplies(connection, replies, { noAck, limit: 2, timeout: 100 })) got.push(body);
        return got;
      };
      expect(await bench.within(500, collect())).toEqual([]);
      expect(bench.broker.topology.queue('replies')).toBeDefined();
      for (const pair of [
        [1, 2],
        [3, 4],
      ]) {
        await connection.producer().publish(pair, { routingKey: 'sums', replyTo: 'replies', correlationId: 'c' });
      }
      expect(await bench.within(500, collect())).toEqual([{ sum: 3 }, { sum: 7 }]);
      expect(bench.broker.topology.queue('replies')).toBeUndefined();
    })(),
  );

  it(
    'carry the correlation id and travel in the serialization of the request; one that is not wanted is an error',
    onMemory(async (bench) => {
      const connection = bench.connection();
      const producer = connection.producer({ routingKey: 'q' });
      const replies = new Queue('replies');
      await replies.declare(connection);
      await producer.publish('text', { declare: [new Queue('q')], replyTo: replies, correlationId: 'c' });
      await producer.publish('text');
      const messages: Message[] = [];
      for await (const message of iterMessages(connection, 'q', { limit: 2, timeout: 100 })) {
        messages.push(message);
        await message.ack();
      }
      await sendReply('', messages[0] as Message, 'answer', producer);
      const reply = (await replies.get(connection)) as Message;
      expect(reply).toMatchObject({ contentType: 'text/plain', properties: { correlationId: 'c' }, payload: 'answer' });
      await expect(sendReply('', messages[1] as Message, 'answer', producer)).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
      });
    }),
  );
});

describe('helpers against a broker that comes and goes', () => {
  it('ignoreErrors ignores those of the connection and the channel, and no others', async () => {
    expect(await ignoreErrors(async () => 7)).toBe(7);
    for (const error of [new ConnectionError('gone'), new ChannelError('gone')]) {
      expect(await ignoreErrors(() => Promise.reject(error))).toBeUndefined();
    }
    await expect(ignoreErrors(() => Promise.reject(new EncodeError('odd')))).rejects.toThrow('odd');
  });

  it(
    'insured runs the work again on a new link, and gives the connection back',
    onMemory(async (bench) => {
      const pool = bench.connection().pool({ limit: 1 });
      let runs = 0;
      const work = insured(pool, async () => {
        runs += 1;
        if (runs === 1) throw new ConnectionError('the link broke');
        return 'done';
      });
      expect(await bench.within(60_000, work)).toBe('done');
      expect(runs).toBe(2);
      expect(pool.size).toBe(0);
      await expect(insured(pool, () => Promise.reject(new EncodeError('odd')))).rejects.toThrow('odd');
      expect(pool.size).toBe(0);
      await pool.close();
    }),
  );
});
