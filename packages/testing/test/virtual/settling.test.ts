import { deflateSync } from 'node:zlib';
import { Rig, binding, consume, envelope, exchange, queue, textOf, to, toQueue, type Rigged } from './rig.ts';

/** A rig with a queue `q` that holds these messages. */
const holding = async (...bodies: string[]) => {
  const rig = Rig.memory();
  const rigged = await rig.start();
  await rigged.channel.declareQueue(queue('q'));
  for (const body of bodies) await rigged.channel.publish(envelope(body), toQueue('q'));
  return { rig, ...rigged };
};

const take = async ({ channel }: Rigged) => (await channel.get('q', { noAck: false }))!;

describe('settling', () => {
  it('ack removes the message for good, once', async () => {
    const held = await holding('1');
    const { deliveryTag } = await take(held);
    expect(await held.channel.ack(deliveryTag)).toBe('ok');
    await expect(held.channel.ack(deliveryTag)).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
    await expect(held.channel.reject(deliveryTag, { requeue: true })).rejects.toMatchObject({
      code: 'PRECONDITION_FAILED',
    });
    await held.channel.recover();
    expect(held.rig.transport.broker()?.counts('q')).toEqual({ ready: 0, leased: 0, delayed: 0 });
  });

  it('multiple covers this one and all earlier unsettled deliveries of the channel, of whatever queue', async () => {
    const held = await holding('1', '2', '3', '4', '5');
    const { channel, rig } = held;
    await channel.declareQueue(queue('other'));
    await channel.publish(envelope('o'), toQueue('other'));
    const second = await rig.open(held.connection);
    const [one, two] = [await take(held), await take(held)];
    await channel.get('other', { noAck: false });
    const foreign = await take(second);
    const three = await take(held);
    const four = await take(held);
    await channel.ack(two.deliveryTag);
    expect(await channel.ack(three.deliveryTag, { multiple: true })).toBe('ok');
    expect([rig.transport.broker()?.counts('q').leased, rig.transport.broker()?.counts('other').leased]).toEqual([
      2, 0,
    ]);
    await expect(channel.ack(one.deliveryTag)).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
    expect(await second.channel.ack(foreign.deliveryTag)).toBe('ok');
    expect(await channel.ack(four.deliveryTag)).toBe('ok');
    await expect(channel.ack('unheard of', { multiple: true })).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
  });

  it('behaviour 28: requeue puts the message back where it was, marked and counted', async () => {
    const held = await holding('1', '2', '3');
    const first = await take(held);
    expect(await held.channel.reject(first.deliveryTag, { requeue: true })).toBe('ok');
    const again = await take(held);
    expect([textOf(again), again.redelivered, again.deliveryCount]).toEqual(['1', true, 1]);
    await held.channel.reject(again.deliveryTag, { requeue: true });
    expect((await take(held)).deliveryCount).toBe(2);
    const next = await take(held);
    expect([textOf(next), next.redelivered, next.deliveryCount]).toEqual(['2', false, 0]);
  });

  it('with a prefetch of 1 the message that goes back is the next to come', async () => {
    const { rig, channel, events } = await holding('1', '2');
    await channel.consume(consume('q', { prefetch: 1 }));
    await rig.settle();
    await channel.reject(events.deliveries[0]!.deliveryTag, { requeue: true });
    await rig.settle();
    expect(events.bodies).toEqual(['1', '1']);
  });

  it('requeue goes to the queue it came from and to no other that is bound the same way', async () => {
    const held = await holding();
    const { channel } = held;
    await channel.declareQueue(queue('sibling'));
    await channel.declareExchange(exchange('e', 'fanout'));
    await channel.bind(binding('e', 'q'));
    await channel.bind(binding('e', 'sibling'));
    await channel.publish(envelope(), to('e', ''));
    await channel.reject((await take(held)).deliveryTag, { requeue: true });
    expect((await channel.declareQueue(queue('q'))).messageCount).toBe(1);
    expect((await channel.declareQueue(queue('sibling'))).messageCount).toBe(1);
  });

  it('behaviour 29: a requeued compressed message keeps its bytes and its compression header', async () => {
    const held = await holding();
    const body = deflateSync('a text that was compressed');
    const sent = { ...envelope(), body, headers: { compression: 'application/x-gzip' } };
    await held.channel.publish(sent, toQueue('q'));
    await held.channel.reject((await take(held)).deliveryTag, { requeue: true });
    const again = await take(held);
    expect(again.redelivered).toBe(true);
    expect(again.envelope.body).toEqual(body);
    expect(again.envelope.headers).toEqual({ compression: 'application/x-gzip' });
  });

  it('requeue with a delay hides the message for that time', async () => {
    const held = await holding('1', '2');
    const { channel, rig } = held;
    await channel.reject((await take(held)).deliveryTag, { requeue: true, delay: 1000 });
    expect(textOf(await take(held))).toBe('2');
    await rig.clock.advance(999);
    expect(await channel.get('q', { noAck: false })).toBeUndefined();
    await rig.clock.advance(1);
    expect(textOf(await take(held))).toBe('1');
    const tag = 'whatever';
    await expect(channel.reject(tag, { requeue: true, delay: 0.5 })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
  });

  it('behaviour 28: recover gives everything back in order, once, and hides the error of an ack that races with it', async () => {
    const { rig, channel, events } = await holding('1', '2', '3');
    await channel.consume(consume('q', { prefetch: 3 }));
    await rig.settle();
    const [first] = events.deliveries;
    const { signal } = first!;
    const recovered = channel.recover();
    expect(await channel.ack(first!.deliveryTag)).toBe('lease-lost');
    await recovered;
    expect(signal?.aborted).toBe(true);
    await channel.recover();
    await rig.settle();
    expect(events.bodies).toEqual(['1', '2', '3', '1', '2', '3', ...events.bodies.slice(6)]);
    for (const delivery of events.deliveries.slice(3)) expect(delivery.redelivered).toBe(true);
  });

  it('behaviour 28: closing a channel gives its messages back in order, and others go on', async () => {
    const held = await holding('1', '2', '3', '4');
    const { rig, connection } = held;
    const dying = await rig.open(connection);
    await dying.channel.consume(consume('q', { prefetch: 3 }));
    await rig.settle();
    await dying.channel.ack(dying.events.deliveries[1]!.deliveryTag);
    await rig.settle();
    await dying.channel.close();
    await dying.channel.close();
    expect(dying.events.ends).toEqual([undefined]);
    // Late: settled already, and not ours any more.
    expect(await dying.channel.ack(dying.events.deliveries[0]!.deliveryTag)).toBe('lease-lost');
    await expect(dying.channel.publish(envelope(), toQueue('q'))).rejects.toMatchObject({ code: 'CLOSED' });
    const rest = [await take(held), await take(held), await take(held)];
    expect(rest.map(textOf)).toEqual(['1', '3', '4']);
  });

  it('behaviour 28: closing a connection gives everything back, and its deliveries say so', async () => {
    const { rig, connection, channel, events } = await holding('1', '2', '3');
    await channel.consume(consume('q', { prefetch: 2 }));
    await rig.settle();
    const { signal } = events.deliveries[0]!;
    expect(signal?.aborted).toBe(false);
    await connection.close();
    await connection.close();
    expect(await connection.closed).toBeUndefined();
    expect([signal?.aborted, events.ends]).toEqual([true, [undefined]]);
    expect(rig.transport.broker()?.counts('q')).toEqual({ ready: 3, leased: 0, delayed: 0 });
    await expect(connection.openChannel(events)).rejects.toMatchObject({ code: 'CLOSED' });
  });

  it('a reject without requeue and without dead-letter exchange ends the message', async () => {
    const held = await holding('1');
    expect(await held.channel.reject((await take(held)).deliveryTag, { requeue: false })).toBe('ok');
    expect(held.rig.transport.broker()?.counts('q')).toEqual({ ready: 0, leased: 0, delayed: 0 });
  });

  it('each of 100 messages that is acked and requeued at the same time ends up in exactly one place', async () => {
    const { rig, channel, events } = await holding(...Array.from({ length: 100 }, String));
    await channel.consume(consume('q', { consumerTag: 'c', prefetch: 100 }));
    await rig.settle();
    await channel.cancel('c');
    const outcomes = await Promise.allSettled(
      events.deliveries.flatMap(({ deliveryTag }, index) => {
        const both = [() => channel.ack(deliveryTag), () => channel.reject(deliveryTag, { requeue: true })];
        return (index % 2 === 0 ? both : both.toReversed()).map((settle) => settle());
      }),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(100);
    expect(rig.transport.broker()?.counts('q')).toEqual({ ready: 50, leased: 0, delayed: 0 });
  });
});
