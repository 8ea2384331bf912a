import type { QueueInfo } from '@kombu/core';
import {
  Binding,
  binding,
  Exchange,
  InvalidArgumentError,
  maybeDeclare,
  NotBoundError,
  NotFoundError,
  Queue,
} from '@kombu/core';

import { onBench } from './support/bench.ts';

const roundTrip = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

const exchangeKey = (...args: ConstructorParameters<typeof Exchange>): string => new Exchange(...args).declarationKey;
const queueKey = (...args: ConstructorParameters<typeof Queue>): string => new Queue(...args).declarationKey;

describe('Exchange', () => {
  it('has the defaults of Kombu', () => {
    expect(new Exchange('media')).toMatchObject({
      name: 'media',
      type: 'direct',
      durable: true,
      autoDelete: false,
      deliveryMode: undefined,
      arguments: {},
      passive: false,
      noDeclare: false,
    });
    expect(new Exchange().name).toBe('');
  });

  it('survives JSON', () => {
    const exchange = new Exchange('media', {
      type: 'topic',
      durable: false,
      autoDelete: true,
      deliveryMode: 'transient',
      arguments: { 'alternate-exchange': 'other' },
      passive: true,
      noDeclare: true,
    });
    const copy = Exchange.from(roundTrip(exchange) as never);
    expect(copy).toEqual(exchange);
    expect(copy.declarationKey).toBe(exchange.declarationKey);
    expect(Exchange.from({})).toEqual(new Exchange(''));
  });

  it('refuses unknown options, other names and delivery modes', () => {
    expect(() => new Exchange('media', { exchangeType: 'topic' } as never)).toThrow(InvalidArgumentError);
    expect(() => new Exchange('media', { durabel: true } as never)).toThrow(/durable/);
    expect(() => new Exchange(5 as never)).toThrow(InvalidArgumentError);
    expect(() => new Exchange('media', { deliveryMode: 3 as never })).toThrow(InvalidArgumentError);
  });

  it.each(['declare', 'delete', 'bindTo', 'unbindFrom', 'publish'] as const)(
    'says so when %s has no place',
    async (name) => {
      const call = new Exchange('media')[name] as (this: Exchange, argument?: unknown) => Promise<unknown>;
      const error = await call
        .call(new Exchange('media'), name === 'declare' || name === 'delete' ? undefined : 'x')
        .catch((e: unknown) => e);
      expect(error).toBeInstanceOf(NotBoundError);
      expect((error as Error).message).toContain(`Can't call ${name} on Exchange not bound to a channel`);
    },
  );

  it(
    'works as a bound copy, and leaves the original unbound',
    onBench(async (bench) => {
      const connection = bench.connection();
      const media = new Exchange('media', { type: 'fanout' });
      const bound = media.bind(connection);
      expect([media.isBound, bound.isBound]).toEqual([false, true]);
      expect(bound.toJSON()).toEqual(media.toJSON());
      await bound.declare();
      await new Queue('video', { exchange: media }).declare(connection);
      await bound.publish('a', { mandatory: true });
      expect(bench.broker.ready('video')).toEqual(['a']);
      await bound.delete();
      expect(bench.broker.exchanges.has('media')).toBe(false);
      const onChannel = media.bind(await connection.channel());
      await onChannel.declare();
      expect(bench.broker.exchanges.has('media')).toBe(true);
    }),
  );

  it(
    'goes on publishing after its connection moved to another URL or its channel was closed',
    onBench(async (bench) => {
      const connection = bench.connection();
      const standard = new Exchange('').bind(connection);
      await new Queue('tasks').declare(connection);
      await standard.publish('a', { routingKey: 'tasks' });
      await connection.defaultChannel.close();
      await standard.publish('b', { routingKey: 'tasks' });
      await connection.switch('strict://other');
      await standard.publish('c', { routingKey: 'tasks' });
      expect(bench.broker.ready('tasks')).toEqual(['a', 'b', 'c']);
    }),
  );

  it(
    'can be asked for passively',
    onBench(async (bench) => {
      const connection = bench.connection();
      await expect(new Exchange('media', { passive: true }).declare(connection)).rejects.toBeInstanceOf(NotFoundError);
      await expect(new Exchange('media').declare(connection, { passive: true })).rejects.toBeInstanceOf(NotFoundError);
      await new Exchange('media').declare(connection);
      await new Exchange('media').declare(connection, { passive: true });
    }),
  );

  it('is equal for the declaration when its declared properties are', () => {
    expect(exchangeKey('a')).toBe(exchangeKey('a', { deliveryMode: 1, noDeclare: true }));
    expect(
      new Set([
        exchangeKey('a'),
        exchangeKey('b'),
        exchangeKey('a', { type: 'topic' }),
        exchangeKey('a', { durable: false }),
      ]).size,
    ).toBe(4);
    expect(exchangeKey('a')).not.toBe(new Queue('a').declarationKey);
  });
});

describe('Queue', () => {
  it('has the defaults of Kombu', () => {
    expect(new Queue('tasks')).toMatchObject({
      name: 'tasks',
      routingKey: '',
      durable: true,
      exclusive: false,
      autoDelete: false,
      noAck: false,
      bindings: [],
    });
    expect(new Queue('tasks').exchange.name).toBe('');
    expect(new Queue('tasks', { exchange: 'media' }).exchange).toEqual(new Exchange('media'));
  });

  it('survives JSON, bindings and exchange included', () => {
    const media = new Exchange('media', { type: 'topic' });
    const queue = new Queue('tasks', {
      exchange: media,
      routingKey: 'k',
      bindings: [binding(media, { routingKey: 'a.*' }), new Binding('other', { arguments: { 'x-match': 'all' } })],
      durable: false,
      exclusive: true,
      noAck: true,
      alias: 'public',
      expires: 1000,
      messageTtl: 2000,
      maxLength: 3,
      maxLengthBytes: 4,
      maxPriority: 5,
      queueArguments: { 'x-queue-mode': 'lazy' },
      bindingArguments: { b: 1 },
      consumerArguments: { c: 1 },
      noDeclare: true,
      onDeclared: () => {},
    });
    const json = roundTrip(queue) as Record<string, unknown>;
    const copy = Queue.from(json);
    expect(copy.toJSON()).toEqual(queue.toJSON());
    expect(copy.declarationKey).toBe(queue.declarationKey);
    expect(copy.onDeclared).toBeUndefined();
    expect(json).not.toHaveProperty('onDeclared');
    expect(Queue.from(roundTrip(new Queue('x')) as never).toJSON()).toEqual(new Queue('x').toJSON());
    expect(Queue.from({}).name).toBe('');
  });

  it('refuses unknown options and impossible limits', () => {
    expect(() => new Queue('tasks', { message_ttl: 5 } as never)).toThrow(InvalidArgumentError);
    expect(() => new Queue('tasks', { maxLenght: 5 } as never)).toThrow(/maxLength/);
    for (const limit of ['expires', 'messageTtl', 'maxLength', 'maxLengthBytes', 'maxPriority']) {
      for (const value of [-1, 1.5, Number.NaN, '5']) {
        expect(() => new Queue('tasks', { [limit]: value })).toThrow(InvalidArgumentError);
      }
    }
    expect(() => new Queue('tasks', { exchange: { name: 'plain' } as never })).toThrow(InvalidArgumentError);
  });

  it.each(['declare', 'delete', 'purge', 'size', 'get', 'bindTo', 'unbindFrom'] as const)(
    'says so when %s has no place',
    async (name) => {
      const queue = new Queue('tasks');
      const call = queue[name] as (this: Queue, argument?: unknown) => Promise<unknown>;
      const error = await call.call(queue, name.includes('bind') ? 'x' : undefined).catch((e: unknown) => e);
      expect(error).toBeInstanceOf(NotBoundError);
      expect((error as Error).message).toContain(`Can't call ${name} on Queue not bound to a channel`);
    },
  );

  it(
    'declares exchange, queue and bindings in this order, and none of the parts that exist anyway',
    onBench(async (bench) => {
      const connection = bench.connection();
      const media = new Exchange('media');
      const bindings = [binding(media, { routingKey: 'a' }), binding('amq.fanout')];
      await new Queue('plain').declare(connection);
      await new Queue('one', { exchange: media, routingKey: 'one' }).declare(connection);
      await new Queue('many', { exchange: new Exchange('unused'), bindings }).declare(connection);
      await new Queue('never', { exchange: media, noDeclare: true }).declare(connection);
      expect(bench.broker.log).toEqual([
        'declareQueue plain',
        'declareExchange media',
        'declareQueue one',
        'bind media one one',
        'declareExchange media',
        'declareQueue many',
        'bind media a many',
        'bind amq.fanout  many',
      ]);
    }),
  );

  it(
    'tells what the broker answered, to its hook, too, which may throw',
    onBench(async (bench) => {
      const connection = bench.connection();
      await connection.producer().publish('a', { routingKey: 'tasks', declare: [new Queue('tasks')] });
      const seen: QueueInfo[] = [];
      const onDeclared = (info: QueueInfo): never => {
        seen.push(info);
        throw new Error('onDeclared');
      };
      const queue = new Queue('tasks', { onDeclared });
      expect(await queue.declare(connection)).toEqual({ queue: 'tasks', messageCount: 1, consumerCount: 0 });
      expect(await queue.bind(connection).size()).toBe(1);
      await connection.consume(queue, () => {}, { noAck: true });
      expect(seen[0]).toEqual({ queue: 'tasks', messageCount: 1, consumerCount: 0 });
      expect(bench.logged('error')).toContain('onDeclared failed');
    }),
  );

  it(
    'anonymous: gets a name of its own that its bound copies share, and keeps it',
    onBench(async (bench) => {
      const connection = bench.connection();
      const queue = new Queue('', { exclusive: true });
      const [before, other] = [queue.bind(connection), new Queue('', { exclusive: true })];
      const { queue: name } = await before.declare();
      await other.declare(connection);
      expect(name).toMatch(/^kombu\.gen-/);
      expect([queue.name, before.name, queue.bind(connection).name]).toEqual([name, name, name]);
      expect(other.name).not.toBe(name);
      await bench.network.drop();
      await bench.until(60_000, () => connection.connected);
      expect(bench.broker.queues.has(name)).toBe(true);
    }),
  );

  it(
    'answers to get, purge, size and delete',
    onBench(async (bench) => {
      const connection = bench.connection();
      const queue = new Queue<string>('tasks').bind(connection);
      await queue.declare();
      for (const body of ['a', 'b', 'c', 'd']) await connection.producer().publish(body, { routingKey: 'tasks' });
      const message = await queue.get({ noAck: true } as never).catch(() => undefined);
      expect(message).toBeUndefined();
      const got = await queue.get(undefined, { noAck: true });
      expect(got?.payload).toBe('a');
      expect(got?.deliveryInfo).toMatchObject({ consumerTag: undefined, routingKey: 'tasks' });
      expect(await queue.size()).toBe(3);
      expect(await queue.purge()).toBe(3);
      expect(await queue.get()).toBeUndefined();
      await connection.producer().publish('e', { routingKey: 'tasks' });
      expect(await queue.delete()).toBe(1);
      await expect(queue.size()).rejects.toBeInstanceOf(NotFoundError);
    }),
  );

  it(
    'gives back what a get brings after its deadline',
    onBench(async (bench) => {
      const connection = bench.connection();
      await connection.producer().publish('a', { routingKey: 'tasks', declare: [new Queue('tasks')] });
      let answer!: () => void;
      bench.rules.push({
        method: 'get',
        fault: async ({ next }) => {
          const message = await next();
          await new Promise<void>((resolve) => (answer = resolve));
          return message;
        },
      });
      const getting = new Queue('tasks').get(connection, { timeout: 100 });
      await expect(bench.within(100, getting)).rejects.toMatchObject({ code: 'TIMEOUT' });
      expect(bench.broker.ready('tasks')).toEqual([]);
      answer();
      await bench.settle();
      expect(bench.broker.ready('tasks')).toEqual(['a']);
    }),
  );

  it('is equal for the declaration when its declared properties and bindings are', () => {
    expect(queueKey('a')).toBe(queueKey('a', { noAck: true, alias: 'x', consumerArguments: { c: 1 } }));
    expect(queueKey('a', { messageTtl: 5 })).toBe(queueKey('a', { queueArguments: { 'x-message-ttl': 5 } }));
    const others = [
      queueKey('a'),
      queueKey('b'),
      queueKey('a', { durable: false }),
      queueKey('a', { exclusive: true }),
      queueKey('a', { maxLength: 1 }),
      queueKey('a', { exchange: 'e' }),
      queueKey('a', { exchange: 'e', routingKey: 'k' }),
      queueKey('a', { bindings: [binding('e'), binding('f')] }),
    ];
    expect(new Set(others).size).toBe(others.length);
  });

  it('can be shared between connections', () =>
    onBench(async (bench) => {
      const queue = new Queue('tasks', { exchange: new Exchange('media'), routingKey: 'k' });
      for (const connection of [bench.connection(), bench.connection()]) {
        expect(await maybeDeclare(queue, connection)).toBe(true);
        expect(await maybeDeclare(queue, connection)).toBe(false);
      }
      expect(bench.broker.count('declareQueue')).toBe(2);
    })());
});

describe('queue.consume() and queue.cancel()', () => {
  it(
    'start a consumer of this queue, and end it by its tag',
    onBench(async (bench) => {
      const connection = bench.connection();
      const queue = new Queue<number>('tasks').bind(connection);
      const got: number[] = [];
      const consumer = await queue.consume((body, message) => {
        got.push(body);
        return message.ack();
      });
      await connection.producer().publish(1, { routingKey: 'tasks' });
      await bench.settle();
      expect(got).toEqual([1]);
      const [{ consumerTag } = { consumerTag: '' }] = consumer.health();
      await queue.cancel('of somebody else');
      expect(bench.broker.consumers('tasks')).toHaveLength(1);
      await queue.cancel(consumerTag);
      expect(bench.broker.consumers('tasks')).toHaveLength(0);
      await queue.cancel(consumerTag);
      await expect(new Queue('tasks').consume(() => {})).rejects.toMatchObject({ code: 'NOT_BOUND' });
    }),
  );
});
