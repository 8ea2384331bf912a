import type { KombuError, PutFailure, QueueStore } from '@kombu/core/spi';
import { ConnectionError, OperationalError, errorOf } from '@kombu/core/spi';
import type { MemoryTransportOptions } from '../../src/memory/memory-transport.ts';
import { Rig, binding, consume, envelope, exchange, queue, to, toQueue } from './rig.ts';

const start = async (wrapStore?: (store: QueueStore) => QueueStore, options: MemoryTransportOptions = {}) => {
  const rig = Rig.memory({ ...options, ...(wrapStore && { wrapStore }) });
  const rigged = await rig.start();
  await rigged.channel.declareQueue(queue('q'));
  return { rig, ...rigged };
};

/** Replaces one method of the store. `real` calls the original. */
const replacing =
  (
    method: 'put' | 'get' | 'ack' | 'release' | 'close' | 'size',
    replacement: (real: () => Promise<unknown>, args: readonly unknown[]) => Promise<unknown>,
  ) =>
  (store: QueueStore): QueueStore => {
    const real = (store[method] as (...args: unknown[]) => Promise<unknown>).bind(store);
    store[method] = ((...args: unknown[]) => replacement(() => real(...args), args)) as never;
    return store;
  };

const never = (): Promise<never> => new Promise(() => {});
const broken = (): ConnectionError => new ConnectionError('the socket hung up');

describe('a link that breaks', () => {
  it('ends connection, channels and deliveries once, with the reason', async () => {
    const { rig, connection, channel, events } = await start();
    const second = await rig.open(connection);
    await channel.publish(envelope(), toQueue('q'));
    await channel.consume(consume('q'));
    await rig.settle();
    const { deliveryTag, signal } = events.deliveries[0]!;
    expect(signal?.aborted).toBe(false);
    const reason = broken();
    rig.transport.broker()!.cut(reason);
    expect(await connection.closed).toBe(reason);
    expect([events.ends, second.events.ends]).toEqual([[reason], [reason]]);
    expect(signal?.reason).toBe(reason);
    expect(await channel.ack(deliveryTag)).toBe('lease-lost');
    expect(await channel.reject(deliveryTag, { requeue: true })).toBe('lease-lost');
    for (const call of [
      () => channel.publish(envelope(), toQueue('q')),
      () => channel.declareQueue(queue('q')),
      () => channel.get('q', { noAck: true }),
      () => channel.consume(consume('q', { consumerTag: 'x' })),
      () => connection.openChannel(events),
    ]) {
      await expect(call()).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
    }
    await channel.cancel('q-consumer');
    await channel.close();
    await connection.close();
    expect(events.ends).toHaveLength(1);
  });

  it('is noticed by any call of the store', async () => {
    for (const method of ['put', 'get', 'ack', 'release', 'size'] as const) {
      let fail = false;
      const { rig, connection, channel, events } = await start(
        replacing(method, (real) => (fail ? Promise.reject(broken()) : real())),
      );
      await channel.publish(envelope(), toQueue('q'));
      const delivery = await channel.get('q', { noAck: false });
      fail = true;
      const call = {
        put: () => channel.publish(envelope(), toQueue('q')),
        get: () => channel.get('q', { noAck: true }),
        ack: () => channel.ack(delivery!.deliveryTag),
        release: () => channel.reject(delivery!.deliveryTag, { requeue: true }),
        size: () => channel.declareQueue(queue('q')),
      }[method];
      const result = await call().catch((error: KombuError) => error.code);
      expect(result).toBe(
        {
          put: 'PUBLISH_UNCERTAIN',
          get: 'CONNECTION_LOST',
          ack: 'lease-lost',
          release: 'lease-lost',
          size: 'CONNECTION_LOST',
        }[method],
      );
      expect(await connection.closed).toMatchObject({ code: 'CONNECTION_LOST' });
      expect(events.ends).toHaveLength(1);
      await rig.settle();
    }
  });

  it('tells publishes that were under way from those that were not sent', async () => {
    const { rig, channel } = await start(replacing('put', never));
    const sent = channel.publish(envelope('1'), toQueue('q'));
    await rig.settle();
    const waiting = channel.publish(envelope('2'), toQueue('q'));
    const settled = Promise.allSettled([sent, waiting]);
    rig.transport.broker()!.cut(broken());
    const [first, second] = (await settled) as PromiseRejectedResult[];
    expect(first!.reason).toMatchObject({ code: 'PUBLISH_UNCERTAIN' });
    expect(second!.reason).toMatchObject({ code: 'CONNECTION_LOST', message: expect.stringContaining('not sent') });
  });

  it('a put that found no connection was not sent', async () => {
    const refused = new OperationalError('connect ECONNREFUSED', { code: 'CONNECTION_FAILED' });
    const { channel } = await start(replacing('put', () => Promise.reject(refused)));
    await expect(channel.publish(envelope(), toQueue('q'))).rejects.toMatchObject({
      code: 'CONNECTION_LOST',
      cause: refused,
    });
  });

  it('leaves acks under way with an outcome', async () => {
    const { rig, channel } = await start(replacing('ack', never));
    await channel.publish(envelope('1'), toQueue('q'));
    const delivery = await channel.get('q', { noAck: false });
    const outcome = channel.ack(delivery!.deliveryTag);
    await rig.settle();
    rig.transport.broker()!.cut();
    expect(await outcome).toBe('lease-lost');
  });

  it('takes exclusive and auto-delete queues along, and leaves the durable ones with their messages', async () => {
    const { rig, channel, connection } = await start();
    await channel.declareQueue(queue('mine', { exclusive: true }));
    await channel.declareQueue(queue('auto', { autoDelete: true }));
    await channel.consume(consume('auto'));
    await channel.publish(envelope('kept'), toQueue('q'));
    rig.transport.broker()!.cut();
    await connection.closed;
    const next = await rig.start();
    for (const name of ['mine', 'auto']) {
      await expect(next.channel.declareQueue(queue(name, { passive: true }))).rejects.toMatchObject({
        code: 'NOT_FOUND',
      });
      expect(rig.transport.broker()!.queue(name)).toBeUndefined();
    }
    expect((await next.channel.declareQueue(queue('q'))).messageCount).toBe(1);
  });

  it('a call that is never answered is taken for a dead link', async () => {
    for (const [method, withinMs] of [
      ['put', 30_000],
      ['ack', 30_000],
      ['get', 20_000],
      ['get once', 30_000],
    ] as const) {
      let hang = false;
      const hanging = method === 'get once' ? 'get' : method;
      const { rig, connection, channel } = await start(replacing(hanging, (real) => (hang ? never() : real())));
      await channel.publish(envelope(), toQueue('q'));
      const delivery = await channel.get('q', { noAck: false });
      hang = true;
      const call = {
        put: () => channel.publish(envelope(), toQueue('q')),
        ack: () => channel.ack(delivery!.deliveryTag),
        get: () => channel.consume(consume('q')),
        'get once': () => channel.get('q', { noAck: false }),
      }[method]();
      const ended = call.then(
        () => 'done',
        (error: unknown) => (error as KombuError).code,
      );
      await rig.clock.advance(withinMs - 1);
      let closed = false;
      void connection.closed.then(() => (closed = true));
      await rig.settle();
      expect(closed).toBe(false);
      await rig.clock.advance(1);
      expect(await connection.closed).toMatchObject({ code: 'CONNECTION_LOST' });
      expect(['done', 'PUBLISH_UNCERTAIN', 'CONNECTION_LOST']).toContain(await ended);
    }
  });

  it('a renewal that finds the link broken ends it, as any other call does', async () => {
    const { rig, connection, channel } = await start((store) => {
      store.renew = () => Promise.reject(broken());
      return store;
    });
    await channel.publish(envelope(), toQueue('q'));
    const delivery = await channel.get('q', { noAck: false });
    const signal = delivery!.signal!;
    await rig.clock.advance(10_000);
    expect(await connection.closed).toMatchObject({ message: 'the socket hung up' });
    expect(signal.aborted).toBe(true);
  });

  it('a store that says that its link is closed, without a reason, is a lost connection', async () => {
    let close: (() => void) | undefined;
    const { connection } = await start((store) => {
      Object.defineProperty(store, 'closed', {
        value: new Promise<undefined>((resolve) => (close = () => resolve(undefined))),
      });
      return store;
    });
    close!();
    expect(await connection.closed).toMatchObject({ code: 'CONNECTION_LOST' });
  });
});

describe('many calls at the same time', () => {
  it('are no leak in the eyes of Node', async () => {
    const warnings: Error[] = [];
    const listen = (warning: Error): void => void warnings.push(warning);
    process.on('warning', listen);
    const { rig, channel } = await start();
    await Promise.all(Array.from({ length: 50 }, (_, index) => channel.declareQueue(queue(`q${index}`))));
    await Promise.all(Array.from({ length: 50 }, (_, index) => channel.consume(consume(`q${index}`))));
    await rig.settle();
    process.off('warning', listen);
    expect(warnings).toEqual([]);
  });
});

describe('other errors of a store', () => {
  it('become ours by `classify`, with their cause, and leave the connection alive', async () => {
    const cause = errorOf('ACCESS_REFUSED', 'no');
    let fail = true;
    const { channel, events } = await start(replacing('put', (real) => (fail ? Promise.reject(cause) : real())));
    await expect(channel.publish(envelope(), toQueue('q'))).rejects.toMatchObject({ code: 'ACCESS_REFUSED' });
    fail = false;
    await channel.publish(envelope(), toQueue('q'));
    expect(events.ends).toEqual([]);
  });

  it('an unknown one is INTERNAL and says what was being done', async () => {
    const { channel } = await start(
      replacing('size', () => Promise.reject(new TypeError('x is undefined'))),
      {},
    ).catch((error: KombuError) => ({
      channel: error,
    }));
    expect(channel).toMatchObject({ code: 'INTERNAL', message: expect.stringContaining('queue "q": x is undefined') });
  });

  it('a timeout leaves a publish uncertain and the connection alive', async () => {
    const { channel, events } = await start(replacing('put', () => Promise.reject(errorOf('TIMEOUT', 'too slow'))));
    await expect(channel.publish(envelope(), toQueue('q'))).rejects.toMatchObject({ code: 'PUBLISH_UNCERTAIN' });
    expect(events.ends).toEqual([]);
  });

  it('a put that fails in part fails those messages and no others', async () => {
    const { channel } = await start(
      replacing('put', async (): Promise<readonly PutFailure[]> => [
        { index: 1, error: errorOf('LIMIT_EXCEEDED', 'too big') },
      ]),
    );
    const results = await Promise.allSettled(
      ['0', '1', '2'].map((body) => channel.publish(envelope(body), toQueue('q'))),
    );
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect((results[1] as PromiseRejectedResult).reason).toMatchObject({ code: 'LIMIT_EXCEEDED' });
  });

  it('a failed ack rejects, and the message comes back when its lease ends', async () => {
    let fail = true;
    const { rig, channel } = await start(
      replacing('ack', (real) => (fail ? Promise.reject(errorOf('TIMEOUT', 'throttled')) : real())),
    );
    await channel.publish(envelope(), toQueue('q'));
    const delivery = await channel.get('q', { noAck: false });
    await expect(channel.ack(delivery!.deliveryTag)).rejects.toMatchObject({ code: 'TIMEOUT' });
    fail = false;
    await rig.clock.advance(30_000);
    expect((await channel.get('q', { noAck: false }))?.redelivered).toBe(true);
  });

  it('a poll loop outlives errors, with growing pauses, and never runs twice', async () => {
    let reading = 0;
    let attempts = 0;
    let fail = true;
    const { rig, channel, events } = await start(
      replacing('get', async (real) => {
        attempts += 1;
        if (fail) throw errorOf('TIMEOUT', 'throttled');
        expect((reading += 1)).toBe(1);
        const messages = await real();
        reading -= 1;
        return messages;
      }),
    );
    await channel.consume(consume('q'));
    await rig.clock.advance(60_000);
    const afterOneMinute = attempts;
    expect(afterOneMinute).toBeGreaterThan(3);
    expect(afterOneMinute).toBeLessThan(20);
    fail = false;
    await channel.publish(envelope('at last'), toQueue('q'));
    await rig.clock.advanceUntil(() => events.deliveries.length === 1, 60_000);
    expect(events.bodies).toEqual(['at last']);
  });

  it('a queue that is gone from the store cancels its consumers', async () => {
    let fail = false;
    const { rig, channel, events } = await start(
      replacing('get', (real) => (fail ? Promise.reject(errorOf('NOT_FOUND', 'no such queue')) : real())),
    );
    await channel.consume(consume('q'));
    await rig.settle();
    fail = true;
    await rig.clock.advance(10_000);
    expect(events.cancelledTags).toEqual(['q-consumer']);
    expect(events.ends).toEqual([]);
    fail = false;
    await channel.consume(consume('q'));
  });

  it('a store that gives more than it was asked for is reported, and the surplus goes back', async () => {
    const { rig, channel, events } = await start((store) => {
      const get = store.get.bind(store);
      store.get = (name, options) => get(name, { ...options, max: options.max + 2 });
      return store;
    });
    for (const body of ['1', '2', '3']) await channel.publish(envelope(body), toQueue('q'));
    await channel.consume(consume('q', { prefetch: 1 }));
    await rig.settle();
    expect(events.bodies).toEqual(['1']);
    expect(rig.logger.lines).toContainEqual(expect.stringMatching(/asked for 1 messages.+gave 3/));
    expect(rig.transport.broker()!.counts('q')).toEqual({ ready: 2, leased: 1, delayed: 0 });
  });
});

describe('messages that are no envelopes', () => {
  it('are delivered with their bytes and an error, to be settled like any other, and the loop goes on', async () => {
    let store: QueueStore | undefined;
    const { rig, channel, events } = await start((each) => (store = each));
    const put = (payload: string) =>
      store!.put('q', [{ payload, priority: 0, delayMs: 0, expiresAt: undefined, properties: {} }]);
    const hostile = [
      'not json',
      '[]',
      '"text"',
      'null',
      '{}',
      '{"properties":null}',
      '{"body":"?","properties":{"body_encoding":"base64"}}',
      '{'.repeat(100_000),
    ];
    for (const payload of hostile) {
      await put(payload);
      await channel.publish(envelope('good'), toQueue('q'));
    }
    await channel.consume(consume('q'));
    await rig.settle();
    expect(events.deliveries).toHaveLength(2 * hostile.length);
    events.deliveries.forEach((delivery, index) => {
      if (index % 2 === 1) return expect(delivery.error).toBeUndefined();
      expect(delivery.error).toMatchObject({ code: 'DECODE_FAILED' });
      return expect(delivery.envelope.body.toString()).toBe(hostile[index / 2]);
    });
    for (const { deliveryTag } of events.deliveries)
      expect(await channel.reject(deliveryTag, { requeue: false })).toBe('ok');
  });

  it('are dead-lettered with their bytes', async () => {
    let store: QueueStore | undefined;
    const { rig, channel } = await start((each) => (store = each));
    await channel.declareExchange(exchange('dlx', 'fanout'));
    await channel.declareQueue(queue('dead'));
    await channel.bind(binding('dlx', 'dead'));
    await channel.declareQueue(queue('p', { arguments: { 'x-dead-letter-exchange': 'dlx' } }));
    await store!.put('p', [{ payload: 'garbage', priority: 0, delayMs: 0, expiresAt: undefined, properties: {} }]);
    await channel.reject((await channel.get('p', { noAck: false }))!.deliveryTag, { requeue: false });
    const dead = await channel.get('dead', { noAck: false });
    expect(dead?.error).toBeUndefined();
    expect(dead?.envelope.body.toString()).toBe('garbage');
    expect(dead?.envelope.headers['x-death']).toMatchObject([{ queue: 'p', reason: 'rejected' }]);
    await rig.settle();
  });
});

describe('closing', () => {
  it('finishes what was published and acked without waiting for it', async () => {
    const { rig, connection, channel } = await start();
    await channel.publish(envelope('acked'), toQueue('q'));
    const delivery = await channel.get('q', { noAck: false });
    const late = [channel.ack(delivery!.deliveryTag), channel.publish(envelope('late'), toQueue('q'))];
    await connection.close();
    expect(await Promise.all(late)).toEqual(['ok', 'confirmed']);
    expect(rig.transport.broker()!.counts('q')).toEqual({ ready: 1, leased: 0, delayed: 0 });
  });

  it('gives back what a pending read returns while it closes', async () => {
    const { rig, connection, channel, events } = await start(
      replacing('get', async (real) => {
        const messages = await real();
        await new Promise((resolve) => setImmediate(resolve));
        return messages;
      }),
    );
    await channel.consume(consume('q'));
    await rig.settle();
    await channel.publish(envelope(), toQueue('q'));
    await connection.close();
    expect(events.deliveries).toEqual([]);
    expect(rig.transport.broker()!.counts('q')).toEqual({ ready: 1, leased: 0, delayed: 0 });
  });

  it.each(['get', 'put', 'ack', 'release', 'close'] as const)(
    'takes 5 s at most when `%s` hangs, and says what it gave up',
    async (method) => {
      let hang = false;
      const { rig, connection, channel } = await start(replacing(method, (real) => (hang ? never() : real())));
      await channel.publish(envelope(), toQueue('q'));
      const delivery = await channel.get('q', { noAck: false });
      hang = true;
      if (method === 'get') await channel.consume(consume('q'));
      const calls: Promise<unknown>[] = [];
      if (method === 'put') calls.push(channel.publish(envelope(), toQueue('q')));
      if (method === 'ack') calls.push(channel.ack(delivery!.deliveryTag));
      const settled = Promise.allSettled(calls);
      await rig.settle();
      await rig.clock.advanceUntil(connection.close(), 5000);
      expect(await connection.closed).toBeUndefined();
      expect(rig.logger.lines).toContainEqual(expect.stringMatching(/^warn .+ was abandoned$/));
      const [published] = await settled;
      if (method === 'put') expect(published).toMatchObject({ reason: { code: 'PUBLISH_UNCERTAIN' } });
      const timersOfOthers = method === 'close' || method === 'get' ? 2 : 1;
      expect(rig.clock.pending).toBeLessThanOrEqual(timersOfOthers);
    },
  );

  it('behaviour 28: messages that cannot be given back are reported, and come back when their lease ends', async () => {
    let fail = false;
    const { rig, connection, channel } = await start(
      replacing('release', (real) => (fail ? Promise.reject(errorOf('ACCESS_REFUSED', 'no')) : real())),
    );
    const reader = await rig.open(connection);
    for (const body of ['1', '2']) await channel.publish(envelope(body), toQueue('q'));
    await reader.channel.consume(consume('q'));
    await rig.settle();
    fail = true;
    await reader.channel.close();
    expect(rig.logger.lines).toContainEqual(
      expect.stringMatching(/^error 2 unsettled messages could not be given back/),
    );
    await rig.clock.advance(30_000);
    expect(rig.transport.broker()!.counts('q')).toEqual({ ready: 2, leased: 0, delayed: 0 });
  });

  it('closes the store of a connection attempt that was given up', async () => {
    const rig = Rig.memory();
    const giveUp = new AbortController();
    const { transport, logger, clock } = rig;
    const target = { options: {}, query: {} } as never;
    const attempt = transport.connect(target, { logger, clock, random: Math.random, signal: giveUp.signal });
    giveUp.abort();
    await expect(attempt).rejects.toMatchObject({ code: 'ABORTED' });
    await rig.settle();
    expect(rig.transport.broker()).toBeUndefined();
  });

  it('an exchange that was published to keeps nothing alive', async () => {
    const { rig, connection, channel } = await start();
    await channel.declareExchange(exchange('e', 'fanout'));
    await channel.publish(envelope(), to('e', ''));
    await connection.close();
    expect(rig.clock.pending).toBe(0);
  });
});
