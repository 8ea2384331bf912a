import { errorOf } from '@kombu/core/spi';
import type { MemoryTransportOptions } from '../../src/memory/memory-transport.ts';
import { Rig, binding, consume, envelope, exchange, queue, textOf, to, toQueue, type Rigged } from './rig.ts';

const start = async (options: MemoryTransportOptions = {}) => {
  const rig = Rig.memory(options);
  return { rig, ...(await rig.start()) };
};

/** A queue `q` with these arguments, whose dead letters end up in `dead`. */
const withDeadLetters = async (args: Record<string, unknown> = {}) => {
  const started = await start();
  const { channel } = started;
  await channel.declareExchange(exchange('dlx', 'direct'));
  await channel.declareQueue(queue('dead'));
  await channel.declareQueue(queue('q', { arguments: { 'x-dead-letter-exchange': 'dlx', ...args } }));
  for (const key of ['q', 'k', 'chosen']) await channel.bind(binding('dlx', 'dead', key));
  return started;
};

const take = async ({ channel }: Rigged, name = 'q') => channel.get(name, { noAck: false });
const ready = async ({ channel }: Rigged, name: string) =>
  (await channel.declareQueue(queue(name, { passive: true }))).messageCount;

describe('time to live', () => {
  it('an expired message is dropped before it reaches anybody', async () => {
    const started = await start();
    const { rig, channel, events } = started;
    await channel.declareQueue(queue('q'));
    await channel.publish(envelope('short', { expiration: 1000 }), toQueue('q'));
    await channel.publish(envelope('long', { expiration: 5000 }), toQueue('q'));
    await channel.publish(envelope('endless'), toQueue('q'));
    await rig.clock.advance(1000);
    expect(textOf((await take(started))!)).toBe('long');
    await channel.recover();
    await rig.clock.advance(4000);
    await channel.consume(consume('q'));
    await rig.settle();
    expect(events.bodies).toEqual(['endless']);
    expect(events.deliveries[0]?.envelope.properties.expiration).toBeUndefined();
  });

  it('the shorter of the TTL of message and queue counts', async () => {
    const started = await start();
    const { rig, channel } = started;
    await channel.declareQueue(queue('q', { arguments: { 'x-message-ttl': 1000 } }));
    await channel.publish(envelope('a', { expiration: 5000 }), toQueue('q'));
    await channel.publish(envelope('b', { expiration: 500 }), toQueue('q'));
    await rig.clock.advance(600);
    expect(textOf((await take(started))!)).toBe('a');
    await channel.recover();
    await rig.clock.advance(400);
    expect(await take(started)).toBeUndefined();
  });

  it('counts from the end of the delay', async () => {
    const started = await start();
    await started.channel.declareQueue(queue('q'));
    await started.channel.publish(envelope('m', { expiration: 100 }), toQueue('q', { delay: 1000 }));
    await started.rig.clock.advance(1050);
    expect(await take(started)).toBeDefined();
  });

  it('a message that goes back keeps its deadline', async () => {
    const started = await start();
    const { rig, channel } = started;
    await channel.declareQueue(queue('q'));
    await channel.publish(envelope('m', { expiration: 1000 }), toQueue('q'));
    await rig.clock.advance(900);
    await channel.reject((await take(started))!.deliveryTag, { requeue: true });
    await rig.clock.advance(200);
    expect(await take(started)).toBeUndefined();
  });

  it('refuses an expiration that is no count of milliseconds', async () => {
    const { channel } = await start();
    await channel.declareQueue(queue('q'));
    for (const expiration of [-1, 0.5, Number.NaN, '5' as unknown as number]) {
      await expect(channel.publish(envelope('m', { expiration }), toQueue('q'))).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
      });
    }
  });
});

describe('dead letters', () => {
  it('a rejected message goes to the dead-letter exchange with the story of its death', async () => {
    const started = await withDeadLetters();
    const { rig, channel } = started;
    const now = rig.clock.now();
    await channel.publish(envelope('m', { correlationId: 'c', expiration: 60_000 }, { mine: 1 }), toQueue('q'));
    expect(await channel.reject((await take(started))!.deliveryTag, { requeue: false })).toBe('ok');
    const dead = (await take(started, 'dead'))!;
    expect(dead).toMatchObject({ exchange: 'dlx', routingKey: 'q', redelivered: false, deliveryCount: 0 });
    expect(dead.envelope.properties).toMatchObject({ correlationId: 'c' });
    expect(dead.envelope.properties.expiration).toBeUndefined();
    expect(dead.envelope.headers).toEqual({
      mine: 1,
      'x-first-death-queue': 'q',
      'x-first-death-reason': 'rejected',
      'x-first-death-exchange': '',
      'x-last-death-queue': 'q',
      'x-last-death-reason': 'rejected',
      'x-last-death-exchange': '',
      'x-death': [
        {
          queue: 'q',
          reason: 'rejected',
          count: 1,
          exchange: '',
          'routing-keys': ['q'],
          time: new Date(now),
          'original-expiration': '60000',
        },
      ],
    });
    expect(await ready(started, 'q')).toBe(0);
  });

  it('goes by the chosen routing key, or by its own', async () => {
    const started = await withDeadLetters({ 'x-dead-letter-routing-key': 'chosen' });
    const { channel } = started;
    await channel.declareExchange(exchange('e', 'direct'));
    await channel.bind(binding('e', 'q', 'own'));
    await channel.publish(envelope(), to('e', 'own'));
    await channel.reject((await take(started))!.deliveryTag, { requeue: false });
    const dead = (await take(started, 'dead'))!;
    expect(dead.routingKey).toBe('chosen');
    expect(dead.envelope.headers['x-death']).toMatchObject([{ exchange: 'e', 'routing-keys': ['own'] }]);
  });

  it('an expired message is dead-lettered on reading', async () => {
    const started = await withDeadLetters({ 'x-message-ttl': 100 });
    await started.channel.publish(envelope('m'), toQueue('q'));
    await started.rig.clock.advance(100);
    expect(await take(started)).toBeUndefined();
    await started.rig.settle();
    const dead = (await take(started, 'dead'))!;
    expect(dead.envelope.headers['x-death']).toMatchObject([{ reason: 'expired', queue: 'q' }]);
  });

  it('counts how often the same happened, the latest death first', async () => {
    const started = await withDeadLetters();
    const { channel } = started;
    await channel.declareQueue(
      queue('retry', { arguments: { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'q' } }),
    );
    await channel.bind(binding('dlx', 'retry', 'again'));
    await channel.publish(envelope(), toQueue('q'));
    for (let round = 0; round < 2; round++) {
      await channel.unbind(binding('dlx', 'dead', 'q'));
      await channel.bind(binding('dlx', 'retry', 'q'));
      await channel.reject((await take(started))!.deliveryTag, { requeue: false });
      await channel.reject((await take(started, 'retry'))!.deliveryTag, { requeue: false });
    }
    const { headers } = (await take(started))!.envelope;
    expect(headers['x-death']).toMatchObject([
      { queue: 'retry', count: 2 },
      { queue: 'q', count: 2 },
    ]);
    expect(headers).toMatchObject({ 'x-first-death-queue': 'q', 'x-last-death-queue': 'retry' });
  });

  it('a message that nothing but time drives in a circle is dropped', async () => {
    const started = await start();
    const { rig, channel } = started;
    const back = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'a', 'x-message-ttl': 100 };
    await channel.declareQueue(queue('a', { arguments: { ...back, 'x-dead-letter-routing-key': 'b' } }));
    await channel.declareQueue(queue('b', { arguments: back }));
    await channel.publish(envelope(), toQueue('a'));
    for (const name of ['a', 'b', 'a', 'b']) {
      await rig.clock.advance(100);
      expect(await take(started, name)).toBeUndefined();
      await rig.settle();
    }
    expect([await ready(started, 'a'), await ready(started, 'b')]).toEqual([0, 0]);
    expect(rig.logger.lines.filter((line) => /round for ever/.test(line))).toHaveLength(1);
  });

  it('an exchange that does not exist or leads nowhere swallows the message, and the log says so', async () => {
    const started = await start();
    const { rig, channel } = started;
    await channel.declareQueue(queue('q', { arguments: { 'x-dead-letter-exchange': 'nowhere' } }));
    await channel.publish(envelope(), toQueue('q'));
    expect(await channel.reject((await take(started))!.deliveryTag, { requeue: false })).toBe('ok');
    await channel.declareExchange(exchange('nowhere', 'fanout'));
    await channel.publish(envelope(), toQueue('q'));
    expect(await channel.reject((await take(started))!.deliveryTag, { requeue: false })).toBe('ok');
    expect(rig.logger.lines.filter((line) => line.startsWith('warn A message was dropped'))).toHaveLength(2);
    expect(rig.transport.broker()?.counts('q')).toEqual({ ready: 0, leased: 0, delayed: 0 });
  });

  it('the copy is stored before the original goes', async () => {
    const calls: string[] = [];
    const rig = Rig.memory({
      wrapStore: (store) => {
        const { put, ack } = { put: store.put.bind(store), ack: store.ack.bind(store) };
        store.put = (name, messages) => (calls.push(`put ${name}`), put(name, messages));
        store.ack = (name, receipts) => (calls.push(`ack ${name}`), ack(name, receipts));
        return store;
      },
    });
    const { channel } = await rig.start();
    await channel.declareQueue(queue('dead'));
    const args = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'dead' };
    await channel.declareQueue(queue('q', { arguments: args }));
    await channel.publish(envelope(), toQueue('q'));
    await channel.reject((await channel.get('q', { noAck: false }))!.deliveryTag, { requeue: false });
    expect(calls).toEqual(['put q', 'put dead', 'ack q']);
  });

  it('x-delivery-limit ends what is given back too often', async () => {
    const started = await withDeadLetters({ 'x-delivery-limit': 2 });
    const { rig, channel } = started;
    await channel.publish(envelope('poison'), toQueue('q'));
    for (const count of [0, 1, 2]) {
      const delivery = (await take(started))!;
      expect(delivery.deliveryCount).toBe(count);
      await channel.reject(delivery.deliveryTag, { requeue: true });
    }
    expect(await take(started)).toBeUndefined();
    await rig.settle();
    expect((await take(started, 'dead'))?.envelope.headers['x-death']).toMatchObject([{ reason: 'delivery_limit' }]);
  });
});

describe('x-max-length', () => {
  it('drop-head removes the oldest', async () => {
    const started = await start();
    const { channel } = started;
    await channel.declareQueue(queue('q', { arguments: { 'x-max-length': 2 } }));
    await Promise.all(['1', '2', '3', '4'].map((body) => channel.publish(envelope(body), toQueue('q'))));
    await channel.publish(envelope('5'), toQueue('q'));
    expect(await ready(started, 'q')).toBe(2);
    expect([textOf((await take(started))!), textOf((await take(started))!)]).toEqual(['4', '5']);
  });

  it('drop-head that cannot remove the oldest says so in the log: the new ones are in the queue', async () => {
    let fail = true;
    const started = await start({
      wrapStore: (store) => {
        const size = store.size.bind(store);
        store.size = (name) => (fail && name === 'q' ? Promise.reject(errorOf('TIMEOUT', 'throttled')) : size(name));
        return store;
      },
    });
    const { rig, channel } = started;
    fail = false;
    await channel.declareQueue(queue('q', { arguments: { 'x-max-length': 1 } }));
    fail = true;
    for (const body of ['1', '2']) expect(await channel.publish(envelope(body), toQueue('q'))).toBe('confirmed');
    expect(rig.logger.lines.at(-1)).toBe('error throttled; it is tried again with the next publish');
    fail = false;
    await channel.publish(envelope('3'), toQueue('q'));
    expect(await ready(started, 'q')).toBe(1);
  });

  it('drop-head dead-letters what it removes', async () => {
    const started = await withDeadLetters({ 'x-max-length': 1 });
    await started.channel.publish(envelope('1'), toQueue('q'));
    await started.channel.publish(envelope('2'), toQueue('q'));
    await started.rig.settle();
    const dead = (await take(started, 'dead'))!;
    expect([textOf(dead), dead.envelope.headers['x-first-death-reason']]).toEqual(['1', 'maxlen']);
  });

  it('drop-head whose dead letters lead back to the queue itself does not lock up', async () => {
    const started = await start();
    const args = { 'x-max-length': 1, 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'q' };
    await started.channel.declareQueue(queue('q', { arguments: args }));
    for (const body of ['1', '2', '3']) await started.channel.publish(envelope(body), toQueue('q'));
    await started.rig.settle();
    expect(await ready(started, 'q')).toBe(1);
  });

  it('reject-publish refuses what does not fit, one by one', async () => {
    const started = await start();
    const { channel } = started;
    const args = { 'x-max-length': 3, 'x-overflow': 'reject-publish' };
    await channel.declareQueue(queue('q', { arguments: args }));
    await channel.publish(envelope('0'), toQueue('q'));
    const results = await Promise.allSettled(
      ['1', '2', '3', '4'].map((body) => channel.publish(envelope(body), toQueue('q'))),
    );
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'rejected']);
    expect((results[3] as PromiseRejectedResult).reason).toMatchObject({ code: 'NACKED' });
    expect(await ready(started, 'q')).toBe(3);
    await channel.ack((await take(started))!.deliveryTag);
    await channel.publish(envelope('5'), toQueue('q'));
  });

  it('a publish to several queues is refused when one of them refuses', async () => {
    const started = await start();
    const { channel } = started;
    await channel.declareExchange(exchange('e', 'fanout'));
    await channel.declareQueue(queue('open'));
    await channel.declareQueue(queue('full', { arguments: { 'x-max-length': 0, 'x-overflow': 'reject-publish' } }));
    for (const name of ['open', 'full']) await channel.bind(binding('e', name));
    await expect(channel.publish(envelope(), to('e', ''))).rejects.toMatchObject({ code: 'NACKED' });
  });
});

describe('delay', () => {
  it('hides a message for that time, and shows it to waiting consumers', async () => {
    const { rig, channel, events } = await start();
    await channel.declareQueue(queue('q'));
    await channel.consume(consume('q', { prefetch: 1 }));
    for (const [body, delay] of [
      ['late', 2000],
      ['soon', 1000],
      ['now', 0],
    ] as const) {
      await channel.publish(envelope(body), toQueue('q', { delay }));
    }
    await rig.settle();
    expect(events.bodies).toEqual(['now']);
    expect(rig.transport.broker()?.counts('q')).toEqual({ ready: 0, leased: 1, delayed: 2 });
    await channel.setPrefetch('q-consumer', 0);
    await rig.clock.advance(1000);
    expect(events.bodies).toEqual(['now', 'soon']);
    await rig.clock.advance(1000);
    expect(events.bodies).toEqual(['now', 'soon', 'late']);
  });

  it('a thousand delayed messages block nothing and each comes once', async () => {
    const { rig, channel, events } = await start();
    await channel.declareQueue(queue('q'));
    const hour = 3_600_000;
    await Promise.all(
      Array.from({ length: 1000 }, (_, index) => channel.publish(envelope(`d${index}`), toQueue('q', { delay: hour }))),
    );
    await channel.publish(envelope('now'), toQueue('q'));
    events.onDelivery = ({ deliveryTag }) => void channel.ack(deliveryTag);
    await channel.consume(consume('q', { prefetch: 1 }));
    await rig.clock.advance(hour - 1);
    expect(events.bodies).toEqual(['now']);
    await rig.clock.advanceUntil(() => events.deliveries.length === 1001, 100);
    expect(new Set(events.bodies).size).toBe(1001);
  });
});

describe('a capability that is off', () => {
  const refused = { code: 'UNSUPPORTED' };

  it('priority', async () => {
    const { channel } = await start({ capabilities: { priority: false } });
    await channel.declareQueue(queue('q'));
    await channel.publish(envelope('m', { priority: 0 }), toQueue('q'));
    await expect(channel.publish(envelope('m', { priority: 1 }), toQueue('q'))).rejects.toMatchObject(refused);
    await expect(channel.declareQueue(queue('p', { arguments: { 'x-max-priority': 9 } }))).rejects.toMatchObject(
      refused,
    );
    await expect(channel.declareQueue(queue('p', { passive: true }))).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('delay, also of a requeue, which leaves the delivery to be settled otherwise', async () => {
    const started = await start({ capabilities: { delay: false } });
    const { channel } = started;
    await channel.declareQueue(queue('q'));
    await expect(channel.publish(envelope(), toQueue('q', { delay: 1 }))).rejects.toMatchObject(refused);
    await channel.publish(envelope(), toQueue('q', { delay: 0 }));
    const { deliveryTag } = (await take(started))!;
    await expect(channel.reject(deliveryTag, { requeue: true, delay: 1 })).rejects.toMatchObject(refused);
    expect(await channel.ack(deliveryTag)).toBe('ok');
  });

  it('delays beyond the longest', async () => {
    const { channel } = await start({ capabilities: { maxDelayMs: 1000 } });
    await channel.declareQueue(queue('q'));
    await channel.publish(envelope(), toQueue('q', { delay: 1000 }));
    await expect(channel.publish(envelope(), toQueue('q', { delay: 1001 }))).rejects.toMatchObject(refused);
  });

  it('payloads beyond the largest are refused before anything is sent', async () => {
    const rig = Rig.memory({ capabilities: { maxPayloadBytes: 1000 } });
    const { channel } = await rig.start();
    await channel.declareQueue(queue('q'));
    await channel.publish(envelope('x'.repeat(400)), toQueue('q'));
    const tooLarge = { code: 'LIMIT_EXCEEDED', message: expect.stringContaining('1000') };
    await expect(channel.publish(envelope('x'.repeat(700)), toQueue('q'))).rejects.toMatchObject(tooLarge);
    await expect(channel.publish(envelope('', {}, { wide: 'ß'.repeat(450) }), toQueue('q'))).rejects.toMatchObject(
      tooLarge,
    );
    expect(rig.transport.broker()?.counts('q').ready).toBe(1);
  });

  it('publisher confirms: a publish is stored, not confirmed', async () => {
    const { channel } = await start({ capabilities: { publisherConfirms: false } });
    await channel.declareQueue(queue('q'));
    expect(await channel.publish(envelope(), toQueue('q'))).toBe('stored');
  });
});
