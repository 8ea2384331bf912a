import type { GetOptions, OutgoingMessage } from '@kombu/core/spi';
import { MemoryBroker } from '../../src/memory/memory-broker.ts';
import type { MemoryStore } from '../../src/memory/memory-store.ts';
import { createMemoryTransport } from '../../src/memory/memory-transport.ts';
import { ReadyList } from '../../src/memory/ready-list.ts';
import { ManualClock } from '../../src/manual-clock.ts';
import { Rig, consume, envelope, exchange, queue, toQueue } from './rig.ts';

const start = (leaseMs = 30_000) => {
  const clock = new ManualClock();
  const broker = new MemoryBroker({ name: 'test', clock, leaseMs, unused() {} });
  return { clock, broker, store: broker.connect() };
};

const text = (payload: string, more: Partial<OutgoingMessage> = {}): OutgoingMessage => ({
  payload,
  priority: 0,
  delayMs: 0,
  expiresAt: undefined,
  properties: {},
  ...more,
});

const reading = (more: Partial<GetOptions> = {}): GetOptions => ({
  max: 10,
  waitMs: 0,
  noAck: false,
  signal: new AbortController().signal,
  ...more,
});

const payloads = async (store: MemoryStore, more: Partial<GetOptions> = {}): Promise<string[]> =>
  (await store.get('q', reading(more))).map(({ payload }) => payload);

describe('the memory store', () => {
  it('released messages are back where they were, among those that nobody took', async () => {
    const { store } = start();
    await store.put(
      'q',
      ['1', '2', '3', '4'].map((each) => text(each)),
    );
    const [one, two, three] = await store.get('q', reading({ max: 3 }));
    await store.release('q', [two!.receipt], { delayMs: 0 });
    await store.put('q', [text('5')]);
    expect(await payloads(store, { max: 1 })).toEqual(['2']);
    await store.release('q', [three!.receipt, one!.receipt], { delayMs: 0 });
    expect(await payloads(store)).toEqual(['1', '3', '4', '5']);
  });

  it('waiting reads are served in the order in which they came, one message each in turn', async () => {
    const { store } = start();
    await store.declare(queue('q'));
    const waiting = [
      payloads(store, { max: 1, waitMs: 1000 }),
      payloads(store, { max: 10, waitMs: 1000 }),
      payloads(store, { max: 10, waitMs: 1000 }),
    ];
    await store.put(
      'q',
      ['1', '2', '3', '4', '5', '6'].map((each) => text(each)),
    );
    expect(await Promise.all(waiting)).toEqual([['1'], ['2', '4', '6'], ['3', '5']]);
  });

  it('a waiting read ends with its time, with its signal, with its queue and with its connection', async () => {
    const { clock, broker, store } = start();
    await store.declare(queue('q'));
    const timed = payloads(store, { waitMs: 1000 });
    await clock.advance(1000);
    expect(await timed).toEqual([]);
    const abort = new AbortController();
    const aborted = payloads(store, { waitMs: 1000, signal: abort.signal });
    abort.abort();
    expect(await aborted).toEqual([]);
    expect(await payloads(store, { waitMs: 1000, signal: abort.signal })).toEqual([]);
    const deleted = payloads(store, { waitMs: 1000 });
    await store.delete('q');
    expect(await deleted).toEqual([]);
    await store.declare(queue('q'));
    const cut = payloads(store, { waitMs: 1000 });
    broker.cut();
    await expect(cut).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
    expect(clock.pending).toBe(0);
  });

  it('leases end in time, and old receipts are worth nothing', async () => {
    const { clock, broker, store } = start(1000);
    await store.put('q', [text('1'), text('2')]);
    const [one, two] = await store.get('q', reading());
    await clock.advance(500);
    expect(await store.renew('q', [two!.receipt])).toEqual(['ok']);
    await clock.advance(500);
    expect(broker.counts('q')).toEqual({ ready: 1, leased: 1, delayed: 0 });
    const [again] = await store.get('q', reading());
    expect(again).toMatchObject({ payload: '1', redelivered: true, deliveryCount: 1 });
    expect(await store.ack('q', [one!.receipt])).toEqual(['lease-lost']);
    expect(await store.renew('q', [one!.receipt])).toEqual(['lease-lost']);
    expect(await store.release('q', [one!.receipt], { delayMs: 0 })).toEqual(['lease-lost']);
    expect(await store.ack('q', [again!.receipt, two!.receipt])).toEqual(['ok', 'ok']);
    expect(await store.ack('gone', [again!.receipt])).toEqual(['lease-lost']);
  });

  it('a lease that ends feeds whoever waits', async () => {
    const { clock, broker, store } = start(1000);
    const other = broker.connect();
    await store.put('q', [text('1')]);
    await store.get('q', reading());
    const waiting = payloads(other, { waitMs: 5000 });
    await clock.advance(1000);
    expect(await waiting).toEqual(['1']);
  });

  it('a polite close gives everything back at once, a broken link when the leases end', async () => {
    const { clock, broker } = start(1000);
    const [polite, rude] = [broker.connect(), broker.connect()];
    await polite.put('q', [text('1'), text('2')]);
    await polite.get('q', reading({ max: 1 }));
    await rude.get('q', reading({ max: 1 }));
    await polite.close();
    rude.cut(new Error('gone'));
    expect(broker.counts('q')).toEqual({ ready: 1, leased: 1, delayed: 0 });
    await clock.advance(1000);
    expect(broker.counts('q')).toEqual({ ready: 2, leased: 0, delayed: 0 });
    expect([await polite.closed, (await rude.closed)?.message]).toEqual([undefined, 'gone']);
    await expect(polite.size('q')).rejects.toMatchObject({ code: 'CLOSED' });
  });

  it('delayed messages come in the order of their times, also days later', async () => {
    const { clock, store } = start(Infinity);
    const day = 24 * 3600 * 1000;
    await store.put('q', [
      text('c', { delayMs: 60 * day }),
      text('a', { delayMs: 10 }),
      text('b', { delayMs: day }),
      text('a2', { delayMs: 10 }),
    ]);
    await clock.advance(10);
    expect(await payloads(store)).toEqual(['a', 'a2']);
    await clock.advance(day);
    expect(await payloads(store)).toEqual(['b']);
    await clock.advance(57 * day);
    expect(await payloads(store)).toEqual([]);
    await clock.advance(2 * day);
    expect(await payloads(store)).toEqual(['c']);
  });

  it('expired messages do not count and do not pile up in front', async () => {
    const { clock, store } = start();
    const expiresAt = clock.now() + 100;
    await store.put('q', [text('1', { expiresAt }), text('2', { expiresAt, priority: 5 }), text('3')]);
    await clock.advance(100);
    expect(await store.size('q')).toBe(1);
    expect(await payloads(store)).toEqual(['3']);
  });

  it('a queue that was never declared holds nothing', async () => {
    const { store } = start();
    expect([
      await payloads(store, { waitMs: 1000 }),
      await store.size('q'),
      await store.purge('q'),
      await store.exists('q'),
    ]).toEqual([[], 0, 0, false]);
    await store.delete('q');
  });

  it('keeps its speed at 100 000 messages, taken and given back', async () => {
    const { store } = start();
    const count = 100_000;
    await store.put(
      'q',
      Array.from({ length: count }, (_, index) => text(String(index))),
    );
    const taken = await store.get('q', reading({ max: count }));
    await store.release('q', taken.map(({ receipt }) => receipt).toReversed(), { delayMs: 0 });
    expect(await payloads(store, { max: 3 })).toEqual(['0', '1', '2']);
    expect(await store.size('q')).toBe(count - 3);
  });
});

describe('ReadyList', () => {
  it('is ordered whatever comes and goes', () => {
    let seed = 7;
    const random = (below: number): number => (seed = (seed * 48_271) % 2_147_483_647) % below;
    const list = new ReadyList<{ sequence: number }>();
    const out: number[] = [];
    const inside = new Set<number>();
    let next = 0;
    for (let round = 0; round < 5000; round++) {
      if (random(3) > 0) {
        list.insert({ sequence: next });
        inside.add(next++);
      } else if (random(2) > 0 && out.length > 0) {
        const [back] = out.splice(random(out.length), 1);
        list.insert({ sequence: back! });
        inside.add(back!);
      } else {
        const item = list.shift();
        expect(item?.sequence).toBe(inside.size > 0 ? Math.min(...inside) : undefined);
        if (item) {
          inside.delete(item.sequence);
          out.push(item.sequence);
        }
      }
      if (inside.size > 200) while (inside.size > 0) inside.delete(list.shift()!.sequence);
      expect(list.length).toBe(inside.size);
    }
  });
});

const connectTimes = async (rig: ReturnType<typeof Rig.memory>, name: string, times: number): Promise<void> => {
  for (let index = 0; index < times; index++) {
    const { connection, channel } = await rig.start(name);
    await channel.declareQueue(queue('q', { durable: false }));
    await channel.publish(envelope(), toQueue('q'));
    await connection.close();
  }
};

describe('the brokers of a memory transport', () => {
  it('are one for each name; a plain memory:// is the one without a name', async () => {
    const rig = Rig.memory();
    const [plain, again, named] = [await rig.start(), await rig.start(), await rig.start('name')];
    await plain.channel.declareQueue(queue('q'));
    await again.channel.declareQueue(queue('q', { passive: true }));
    await expect(named.channel.declareQueue(queue('q', { passive: true }))).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    expect([rig.transport.broker()?.connections, rig.transport.broker('name')?.connections]).toEqual([2, 1]);
    expect(createMemoryTransport().broker()).toBeUndefined();
  });

  it('go with their last connection when nothing durable is in them, and stay otherwise', async () => {
    const rig = Rig.memory();
    await connectTimes(rig, 'passing', 1);
    expect(rig.transport.broker('passing')).toBeUndefined();
    const { connection, channel } = await rig.start('lasting');
    await channel.declareExchange(exchange('e', 'direct', { durable: true }));
    await connection.close();
    const broker = rig.transport.broker('lasting');
    expect(broker?.connections).toBe(0);
    const next = await rig.start('lasting');
    await next.channel.declareExchange(exchange('e', 'direct', { passive: true }));
    rig.transport.reset();
    expect(rig.transport.broker('lasting')).toBeUndefined();
    expect(await next.connection.closed).toMatchObject({ code: 'CONNECTION_LOST' });
  });

  it('stay after a link that broke, with queues that are not durable', async () => {
    const rig = Rig.memory();
    const { connection, channel } = await rig.start();
    await channel.declareQueue(queue('q', { durable: false }));
    await channel.publish(envelope(), toQueue('q'));
    rig.transport.broker()!.cut();
    await connection.closed;
    const next = await rig.start();
    expect((await next.channel.declareQueue(queue('q', { durable: false }))).messageCount).toBe(1);
  });

  it('leave nothing behind after a thousand connections', async () => {
    const rig = Rig.memory();
    for (let index = 0; index < 100; index++) await connectTimes(rig, `broker-${index}`, 10);
    expect(rig.clock.pending).toBe(0);
    for (let index = 0; index < 100; index++) expect(rig.transport.broker(`broker-${index}`)).toBeUndefined();
  });

  it('use the clock of the transport, or else of the connection', async () => {
    const rig = new Rig(createMemoryTransport({ leaseMs: 1000 }), new ManualClock());
    const { channel, events } = await rig.start();
    await channel.declareQueue(queue('q'));
    await channel.consume(consume('q'));
    await channel.publish(envelope(), toQueue('q', { delay: 500 }));
    await rig.clock.advance(500);
    expect(events.deliveries).toHaveLength(1);
  });

  it('refuse options that they do not know, and a lease that cannot be', async () => {
    const rig = Rig.memory();
    const { transport, logger, clock } = rig;
    const context = { logger, clock, random: Math.random, signal: new AbortController().signal };
    const target = { options: { leaseMS: 5 }, query: {} } as never;
    await expect(transport.connect(target, context)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('leaseMS'),
    });
    for (const leaseMs of [0, -1, Number.NaN]) expect(() => createMemoryTransport({ leaseMs })).toThrow(/leaseMs/);
  });

  it('are found by `unwrap`', async () => {
    const rig = Rig.memory();
    const { connection } = await rig.start();
    expect(connection.unwrap?.()).toBe(rig.transport.broker());
  });
});
