import type { QueueStore, SettleOutcome } from '@kombu/core/spi';
import type { MemoryTransportOptions } from '../../src/memory/memory-transport.ts';
import { Rig, consume, envelope, queue, textOf, toQueue } from './rig.ts';

const lease = 30_000;

const start = async (options: MemoryTransportOptions = {}) => {
  const rig = Rig.memory({ leaseMs: lease, ...options });
  const rigged = await rig.start();
  await rigged.channel.declareQueue(queue('q'));
  return { rig, ...rigged, counts: () => rig.transport.broker()!.counts('q') };
};

/** Watches, and may replace, the renewals. */
const renewing = (renew: (receipts: readonly unknown[], store: () => Promise<unknown>) => Promise<unknown>) => ({
  wrapStore: (store: QueueStore): QueueStore => {
    const real = store.renew!.bind(store);
    store.renew = async (name, receipts) =>
      (await renew(receipts, async () => real(name, receipts))) as void | readonly SettleOutcome[];
    return store;
  },
});

describe('leases', () => {
  it('are renewed every third of their time while a handler runs, in one call for all', async () => {
    const calls: number[] = [];
    const { rig, channel, events, counts } = await start(
      renewing((receipts, store) => {
        calls.push(receipts.length);
        return store();
      }),
    );
    const other = await rig.start();
    await channel.consume(consume('q', { prefetch: 2 }));
    await other.channel.consume(consume('q', { consumerTag: 'rival' }));
    await rig.settle();
    for (const body of ['1', '2', '3', '4']) await channel.publish(envelope(body), toQueue('q'));
    await rig.settle();
    const mine = events.deliveries.length;
    await rig.clock.advance(600_000);
    expect(events.deliveries.length).toBe(mine);
    expect(events.deliveries.length + other.events.deliveries.length).toBe(4);
    expect(calls).toHaveLength(2 * (600_000 / (lease / 3)));
    expect(counts()).toEqual({ ready: 0, leased: 4, delayed: 0 });
  });

  it('are renewed for what waits in the prefetch buffer, and for what `get` returned', async () => {
    const { rig, channel, events, counts } = await start();
    for (let index = 0; index < 11; index++) await channel.publish(envelope(String(index)), toQueue('q'));
    const single = await channel.get('q', { noAck: false });
    await channel.consume(consume('q', { prefetch: 10 }));
    await rig.settle();
    await rig.clock.advance(10 * lease);
    expect(counts()).toEqual({ ready: 0, leased: 11, delayed: 0 });
    expect(await channel.ack(single!.deliveryTag)).toBe('ok');
    for (const { deliveryTag } of events.deliveries) expect(await channel.ack(deliveryTag)).toBe('ok');
  });

  it('are not renewed any more once the message is settled, and then no timer is left', async () => {
    const renewed: unknown[] = [];
    const { rig, channel } = await start(
      renewing((receipts, store) => {
        renewed.push(...receipts);
        return store();
      }),
    );
    await channel.publish(envelope(), toQueue('q'));
    const delivery = await channel.get('q', { noAck: false });
    await rig.clock.advance(lease / 3);
    expect(renewed).toHaveLength(1);
    await channel.ack(delivery!.deliveryTag);
    await rig.clock.advance(2 * lease);
    expect(renewed).toHaveLength(1);
    expect(rig.clock.pending).toBe(0);
  });

  it('a lost lease fires the signal, frees the credit, and settling late is an outcome', async () => {
    const { rig, channel, events } = await start();
    await channel.publish(envelope('1'), toQueue('q'));
    await channel.publish(envelope('2'), toQueue('q'));
    await channel.consume(consume('q', { prefetch: 1 }));
    await rig.settle();
    const [first] = events.deliveries;
    const signal = first!.signal!;
    const rival = await rig.start();
    rig.transport.broker()!.expireLeases('q');
    const stolen = await rival.channel.get('q', { noAck: false });
    expect([textOf(stolen!), stolen!.redelivered, signal.aborted]).toEqual(['1', true, false]);
    await rig.clock.advance(lease / 3);
    expect(signal.aborted).toBe(true);
    expect(signal.reason).toMatchObject({ message: expect.stringContaining('lease') });
    expect(events.bodies).toEqual(['1', '2']);
    expect(await channel.ack(first!.deliveryTag)).toBe('lease-lost');
    expect(await rival.channel.ack(stolen!.deliveryTag)).toBe('ok');
  });

  it('an ack after the lease is gone does not touch the message that another has', async () => {
    const { rig, channel, counts } = await start();
    await channel.publish(envelope(), toQueue('q'));
    const first = await channel.get('q', { noAck: false });
    rig.transport.broker()!.expireLeases();
    const rival = await rig.start();
    const second = await rival.channel.get('q', { noAck: false });
    // Before any renewal noticed.
    expect(await channel.ack(first!.deliveryTag)).toBe('lease-lost');
    expect(counts().leased).toBe(1);
    expect(await rival.channel.ack(second!.deliveryTag)).toBe('ok');
    expect(counts()).toEqual({ ready: 0, leased: 0, delayed: 0 });
  });

  it('the same message delivered twice on one channel is settled as two deliveries', async () => {
    const { rig, channel } = await start();
    await channel.publish(envelope(), toQueue('q'));
    const first = await channel.get('q', { noAck: false });
    rig.transport.broker()!.expireLeases();
    const second = await channel.get('q', { noAck: false });
    expect(second!.deliveryTag).not.toBe(first!.deliveryTag);
    expect(await channel.ack(first!.deliveryTag)).toBe('lease-lost');
    expect(await channel.ack(second!.deliveryTag)).toBe('ok');
  });

  it('a failed renewal is tried again at the next tick while the lease has time', async () => {
    let failures = 2;
    const { rig, channel, counts } = await start(
      renewing((_receipts, store) => (failures-- > 0 ? Promise.reject(new Error('throttled')) : store())),
    );
    await channel.publish(envelope(), toQueue('q'));
    const delivery = await channel.get('q', { noAck: false });
    const signal = delivery!.signal!;
    // The third tick comes at the end of the lease: the memory broker is as late as we are, so the message is back by then.
    await rig.clock.advance((2 * lease) / 3);
    expect([failures, signal.aborted, counts().leased]).toEqual([0, false, 1]);
    expect(rig.logger.lines.filter((line) => line.startsWith('warn The leases'))).toHaveLength(2);
  });

  it('a renewal that fails once is made good', async () => {
    let failures = 1;
    const { rig, channel } = await start(
      renewing((_receipts, store) => (failures-- > 0 ? Promise.reject(new Error('throttled')) : store())),
    );
    await channel.publish(envelope(), toQueue('q'));
    const delivery = await channel.get('q', { noAck: false });
    await rig.clock.advance(20 * lease);
    expect(await channel.ack(delivery!.deliveryTag)).toBe('ok');
  });

  it('a lease whose renewals all fail is lost when its time is up', async () => {
    const { rig, channel } = await start(renewing(() => Promise.reject(new Error('no'))));
    await channel.publish(envelope(), toQueue('q'));
    const delivery = await channel.get('q', { noAck: false });
    const signal = delivery!.signal!;
    await rig.clock.advance(lease - 1);
    expect(signal.aborted).toBe(false);
    await rig.clock.advance(1);
    expect(signal.aborted).toBe(true);
    expect(await channel.ack(delivery!.deliveryTag)).toBe('lease-lost');
    const again = await channel.get('q', { noAck: false });
    expect([again!.redelivered, again!.deliveryCount]).toEqual([true, 1]);
  });

  it('an ack that overtakes a renewal wins: the late "lease-lost" of the renewal changes nothing', async () => {
    let answer: ((outcomes: readonly SettleOutcome[]) => void) | undefined;
    const { rig, channel } = await start(renewing(() => new Promise((resolve) => (answer = resolve))));
    await channel.publish(envelope(), toQueue('q'));
    const delivery = await channel.get('q', { noAck: false });
    const signal = delivery!.signal!;
    await rig.clock.advance(lease / 3);
    expect(await channel.ack(delivery!.deliveryTag)).toBe('ok');
    answer!(['lease-lost']);
    await rig.settle();
    expect(signal.aborted).toBe(false);
  });

  it('after the death of a consumer the message comes back within one lease, marked', async () => {
    const { rig, channel, connection } = await start();
    await channel.publish(envelope(), toQueue('q'));
    const delivery = await channel.get('q', { noAck: false });
    rig.transport.broker()!.cut();
    await connection.closed;
    expect(delivery!.signal?.aborted).toBe(true);
    const next = await rig.start();
    expect(await next.channel.get('q', { noAck: false })).toBeUndefined();
    await next.channel.consume(consume('q'));
    await rig.clock.advance(lease);
    expect(next.events.deliveries[0]).toMatchObject({ redelivered: true, deliveryCount: 1 });
  });

  it('no controller is made for a delivery whose signal nobody reads', async () => {
    const { channel } = await start();
    await channel.publish(envelope(), toQueue('q'));
    const delivery = (await channel.get('q', { noAck: false }))!;
    let made = 0;
    const { AbortController: Real } = globalThis;
    globalThis.AbortController = class extends Real {
      constructor() {
        super();
        made += 1;
      }
    };
    try {
      await channel.ack(delivery.deliveryTag);
      expect(made).toBe(0);
      expect(delivery.signal).toBe(delivery.signal);
      expect(made).toBe(1);
    } finally {
      globalThis.AbortController = Real;
    }
  });

  it('without leases a message stays with its consumer as long as the connection lives', async () => {
    const { rig, channel, connection, counts } = await start({ leaseMs: Infinity });
    expect(rig.transport.capabilities.leaseMs).toBeUndefined();
    await channel.publish(envelope(), toQueue('q'));
    await channel.get('q', { noAck: false });
    await rig.clock.advance(1000 * lease);
    expect([counts().leased, rig.clock.pending]).toEqual([1, 0]);
    rig.transport.broker()!.cut();
    await connection.closed;
    expect(counts()).toEqual({ ready: 1, leased: 0, delayed: 0 });
  });
});
