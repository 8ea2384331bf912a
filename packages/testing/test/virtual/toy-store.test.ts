import type { QueueStore } from '@kombu/core/spi';
import { defineVirtualTransport } from '@kombu/core/spi';
import { ManualClock } from '../../src/manual-clock.ts';
import { Rig, binding, consume, envelope, exchange, queue, textOf, to, toQueue } from './rig.ts';

/** The least that a store can be: an array per queue, and what was taken out of it. */
function toyStore(queues: Map<string, string[]>, taken: Set<string> = new Set()): QueueStore<string> {
  const of = (name: string): string[] => queues.get(name) ?? queues.set(name, []).get(name)!;
  return {
    put: async (name, messages) => void of(name).push(...messages.map(({ payload }) => payload)),
    get: async (name, { max, noAck }) =>
      of(name)
        .splice(0, max)
        .map((payload) => ({ payload, receipt: noAck ? undefined! : (taken.add(payload), payload) })),
    ack: async (_name, receipts) => receipts.forEach((receipt) => taken.delete(receipt)),
    size: async (name) => of(name).length,
    purge: async (name) => of(name).splice(0).length,
    delete: async (name) => void queues.delete(name),
    close: async () => {},
  };
}

const start = async () => {
  const queues = new Map<string, string[]>();
  const taken = new Set<string>();
  const transport = defineVirtualTransport({
    name: 'toy',
    schemes: ['toy'],
    capabilities: {
      priority: false,
      delay: false,
      sharedBindings: false,
      acknowledge: 'client',
      ordering: 'fifo',
      publisherConfirms: false,
      heartbeats: false,
    },
    open: async () => ({ store: toyStore(queues, taken) }),
    classify: () => 'INTERNAL',
  });
  const rig = new Rig(transport, new ManualClock());
  return { rig, queues, taken, ...(await rig.start()) };
};

type Started = Awaited<ReturnType<typeof start>>;
const take = ({ channel }: Started, name = 'q') => channel.get(name, { noAck: false });

describe('a store of fifteen lines gets from core', () => {
  it('routing', async () => {
    const toy = await start();
    const { channel } = toy;
    await channel.declareExchange(exchange('t', 'topic'));
    await channel.declareQueue(queue('q'));
    await channel.declareQueue(queue('r'));
    await channel.bind(binding('t', 'q', 'a.*'));
    await channel.bind(binding('t', 'r', '#'));
    expect(await channel.publish(envelope('m'), to('t', 'a.b', { mandatory: true }))).toBe('stored');
    expect([textOf((await take(toy))!), textOf((await take(toy, 'r'))!)]).toEqual(['m', 'm']);
    await expect(channel.publish(envelope(), to('nowhere', 'x'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(channel.bind(binding('t', 'nowhere', 'x'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('prefetch and push delivery', async () => {
    const { rig, channel, events, taken } = await start();
    await channel.declareQueue(queue('q'));
    await channel.consume(consume('q', { prefetch: 2 }));
    for (const body of ['1', '2', '3']) await channel.publish(envelope(body), toQueue('q'));
    await rig.clock.advanceUntil(() => events.deliveries.length === 2, 2000);
    await rig.clock.advance(10_000);
    expect(events.bodies).toEqual(['1', '2']);
    await channel.ack(events.deliveries[1]!.deliveryTag, { multiple: true });
    await rig.settle();
    expect(events.bodies).toEqual(['1', '2', '3']);
    expect(taken.size).toBe(1);
  });

  it('requeue: a marked and counted copy in the same queue, then the ack', async () => {
    const toy = await start();
    const { channel, taken } = toy;
    await channel.declareQueue(queue('q'));
    await channel.publish(envelope('1', { expiration: 60_000 }, { mine: true }), toQueue('q'));
    for (const count of [0, 1, 2]) {
      const delivery = (await take(toy))!;
      expect(delivery).toMatchObject({ redelivered: count > 0, deliveryCount: count });
      expect(delivery.envelope.properties.expiration).toBe(60_000);
      expect(delivery.envelope.headers['mine']).toBe(true);
      expect(await channel.reject(delivery.deliveryTag, { requeue: true })).toBe('ok');
      expect(taken.size).toBe(0);
    }
    await expect(channel.reject('x', { requeue: true, delay: 5 })).rejects.toMatchObject({ code: 'UNSUPPORTED' });
  });

  it('requeue into a queue that is full by now: what was there before is not refused', async () => {
    const toy = await start();
    const { channel } = toy;
    const args = { 'x-max-length': 1, 'x-overflow': 'reject-publish' };
    await channel.declareQueue(queue('q', { arguments: args }));
    await channel.publish(envelope('1'), toQueue('q'));
    const delivery = (await take(toy))!;
    await channel.publish(envelope('2'), toQueue('q'));
    expect(await channel.reject(delivery.deliveryTag, { requeue: true })).toBe('ok');
    expect([textOf((await take(toy))!), textOf((await take(toy))!)]).toEqual(['2', '1']);
  });

  it('requeue in order when a channel closes, and nothing for a queue that is deleted', async () => {
    const toy = await start();
    const { rig, connection, channel, queues } = toy;
    await channel.declareQueue(queue('q'));
    for (const body of ['1', '2', '3']) await channel.publish(envelope(body), toQueue('q'));
    const second = await rig.open(connection);
    await second.channel.consume(consume('q', { prefetch: 3 }));
    await rig.settle();
    await second.channel.close();
    expect([textOf((await take(toy))!), textOf((await take(toy))!)]).toEqual(['1', '2']);
    await channel.deleteQueue('q', { ifUnused: false, ifEmpty: false });
    await channel.close();
    expect(queues.has('q')).toBe(false);
  });

  it('TTL, dead letters, delivery limit and length limit', async () => {
    const toy = await start();
    const { rig, channel } = toy;
    await channel.declareQueue(queue('dead'));
    const args = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'dead' };
    await channel.declareQueue(
      queue('q', { arguments: { ...args, 'x-message-ttl': 1000, 'x-delivery-limit': 1, 'x-max-length': 2 } }),
    );
    const reason = async () => {
      await rig.settle();
      const dead = await take(toy, 'dead');
      return dead && `${textOf(dead)} ${String(dead.envelope.headers['x-last-death-reason'])}`;
    };
    await channel.publish(envelope('slow'), toQueue('q'));
    await rig.clock.advance(1000);
    expect(await take(toy)).toBeUndefined();
    expect(await reason()).toBe('slow expired');
    await channel.publish(envelope('bad'), toQueue('q'));
    for (let round = 0; round < 2; round++) await channel.reject((await take(toy))!.deliveryTag, { requeue: true });
    expect(await take(toy)).toBeUndefined();
    expect(await reason()).toBe('bad delivery_limit');
    for (const body of ['1', '2', '3']) await channel.publish(envelope(body), toQueue('q'));
    expect(await reason()).toBe('1 maxlen');
    await channel.reject((await take(toy))!.deliveryTag, { requeue: false });
    expect(await reason()).toBe('2 rejected');
  });

  it('an answer about queues that this process did not declare: they may exist', async () => {
    const toy = await start();
    const { channel, queues } = toy;
    expect(await channel.publish(envelope('m'), toQueue('elsewhere', { mandatory: true }))).toBe('stored');
    expect(queues.get('elsewhere')).toHaveLength(1);
    expect(textOf((await take(toy, 'elsewhere'))!)).toBe('m');
    await expect(channel.declareQueue(queue('elsewhere', { passive: true }))).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });

  it('clean-up of exclusive, auto-delete and unused queues', async () => {
    const toy = await start();
    const { rig, connection, channel, queues } = toy;
    await channel.declareQueue(queue('mine', { exclusive: true }));
    await channel.declareQueue(queue('auto', { autoDelete: true }));
    await channel.declareQueue(queue('idle', { arguments: { 'x-expires': 1000 } }));
    for (const name of ['mine', 'auto', 'idle']) await channel.publish(envelope(), toQueue(name));
    await channel.consume(consume('auto'));
    await channel.cancel('auto-consumer');
    expect([...queues.keys()]).toEqual(['mine', 'idle']);
    await rig.clock.advance(1000);
    expect([...queues.keys()]).toEqual(['mine']);
    await connection.close();
    expect([...queues.keys()]).toEqual([]);
    expect(rig.clock.pending).toBe(0);
  });

  it('no delivery after a noAck read, and a pause between reads that grows to a second', async () => {
    const { rig, channel, events, taken, queues } = await start();
    await channel.declareQueue(queue('q'));
    await channel.consume(consume('q', { noAck: true }));
    await rig.clock.advance(60_000);
    const published = channel.publish(envelope(), toQueue('q'));
    await published;
    await rig.settle();
    expect(queues.get('q')).toHaveLength(1);
    await rig.clock.advance(1000);
    expect(events.deliveries).toHaveLength(1);
    expect(taken.size).toBe(0);
  });
});
