import type { QueueStore, SettleOutcome } from '@kombu/core/spi';
import { StallableClock } from '../../src/conformance/stallable-clock.ts';
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

  it('a message is not settled while its lease is being renewed, and the outcome is that of the settlement', async () => {
    const answers: ((outcomes: readonly SettleOutcome[]) => void)[] = [];
    const calls: string[] = [];
    const { rig, channel, counts } = await start({
      wrapStore: (store) => {
        const { ack, release } = { ack: store.ack.bind(store), release: store.release!.bind(store) };
        store.renew = (_queue, receipts) => {
          calls.push(`renew ${receipts.length}`);
          return new Promise((resolve) => answers.push(resolve));
        };
        store.ack = (name, receipts) => {
          calls.push(`ack ${receipts.length}`);
          return ack(name, receipts);
        };
        store.release = (name, receipts, options) => {
          calls.push(`release ${receipts.length}`);
          return release(name, receipts, options);
        };
        return store;
      },
    });
    for (const body of ['1', '2', '3', '4']) await channel.publish(envelope(body), toQueue('q'));
    const take = async () => (await channel.get('q', { noAck: false }))!;
    const [first, second, third] = [await take(), await take(), await take()];
    await rig.clock.advance(lease / 3);
    const fourth = await take();
    const outcomes: (string | undefined)[] = [];
    const note = (outcome: SettleOutcome) => void outcomes.push(outcome);
    void channel.ack(first.deliveryTag).then(note);
    void channel.reject(second.deliveryTag, { requeue: true }).then(note);
    void channel.reject(third.deliveryTag, { requeue: false }).then(note);
    // One that is not being renewed need not wait.
    expect(await channel.ack(fourth.deliveryTag)).toBe('ok');
    await rig.settle();
    expect([calls, outcomes]).toEqual([['renew 3', 'ack 1'], []]);
    answers[0]!(['lease-lost', 'ok', 'ok']);
    await rig.settle();
    expect([calls, outcomes]).toEqual([
      ['renew 3', 'ack 1', 'ack 2', 'release 1'],
      ['ok', 'ok', 'ok'],
    ]);
    expect(first.signal?.aborted).toBe(false);
    expect(counts()).toEqual({ ready: 1, leased: 0, delayed: 0 });
  });

  it('closing waits for a settlement that waits for a renewal', async () => {
    let answer: ((outcomes: readonly SettleOutcome[]) => void) | undefined;
    const { rig, channel, connection, counts } = await start(
      renewing(() => new Promise((resolve) => (answer = resolve))),
    );
    for (const body of ['1', '2']) await channel.publish(envelope(body), toQueue('q'));
    const first = await channel.get('q', { noAck: false });
    await channel.get('q', { noAck: false });
    await rig.clock.advance(lease / 3);
    const outcome = channel.ack(first!.deliveryTag);
    const closed = connection.close();
    await rig.settle();
    answer!([]);
    await closed;
    expect(await outcome).toBe('ok');
    expect(counts()).toEqual({ ready: 1, leased: 0, delayed: 0 });
  });

  it('a renewal that gets no answer holds up neither its settlement nor closing for ever', async () => {
    const { rig, channel, connection } = await start(renewing(() => new Promise(() => {})));
    await channel.publish(envelope(), toQueue('q'));
    const delivery = await channel.get('q', { noAck: false });
    await rig.clock.advance(lease / 3);
    const outcome = channel.ack(delivery!.deliveryTag);
    const closed = connection.close();
    await rig.clock.advance(5000);
    await closed;
    expect(await outcome).toBe('lease-lost');
  });

  it('after a stall of the process the messages that are gone are known before anything is asked or settled', async () => {
    const renewed: unknown[] = [];
    const { rig, channel: rival } = await start(
      renewing((receipts, store) => {
        renewed.push(...receipts);
        return store();
      }),
    );
    const clock = new StallableClock(rig.clock);
    const { channel } = await rig.open(await rig.connect(undefined, clock));
    for (const body of ['1', '2']) await channel.publish(envelope(body), toQueue('q'));
    const [one, two] = [await channel.get('q', { noAck: false }), await channel.get('q', { noAck: false })];
    const signals = [one!.signal!, two!.signal!];
    clock.stall();
    await rig.clock.advance(lease);
    const stolen = await rival.get('q', { noAck: false });
    clock.resume();
    // With the first timer that fires, and not only when the broker has answered.
    expect([signals.map(({ aborted }) => aborted), renewed]).toEqual([[true, true], []]);
    expect(signals[0]!.reason).toMatchObject({ message: expect.stringContaining('not renewed in time') });
    for (const { deliveryTag } of [one!, two!]) expect(await channel.ack(deliveryTag)).toBe('lease-lost');
    expect([textOf(stolen!), await rival.ack(stolen!.deliveryTag)]).toEqual(['1', 'ok']);
    expect(textOf((await rival.get('q', { noAck: false }))!)).toBe('2');
  });

  it('a message is kept no longer than the broker allows, and its handler hears of it before others get it', async () => {
    const { rig, channel, counts } = await start({ capabilities: { maxLeaseMs: 10 * lease } });
    await channel.publish(envelope(), toQueue('q'));
    const delivery = (await channel.get('q', { noAck: false }))!;
    const signal = delivery.signal!;
    await rig.clock.advance(9 * lease);
    expect(signal.aborted).toBe(false);
    await rig.clock.advance(lease / 3);
    expect([signal.aborted, counts().leased]).toEqual([true, 1]);
    expect(rig.logger.lines.at(-1)).toMatch(/^warn The leases of 1 messages .* longer than 300000 ms/);
    expect(await channel.ack(delivery.deliveryTag)).toBe('lease-lost');
    await rig.clock.advance(lease);
    expect(await channel.get('q', { noAck: false })).toMatchObject({ redelivered: true });
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
