import type { GetOptions, QueueStore, StoredMessage } from '@kombu/core/spi';
import { defineVirtualTransport } from '@kombu/core/spi';
import { ManualClock } from '../../src/manual-clock.ts';
import { Rig, consume, envelope, queue, toQueue } from './rig.ts';

/** A store whose reads a test writes itself. */
const scripted = async (
  clock: ManualClock,
  more: Partial<QueueStore> & { readonly waitMs?: number; readonly pollingInterval?: number } = {},
) => {
  const reads: { readonly at: number; readonly options: GetOptions }[] = [];
  const messages: StoredMessage<unknown>[] = [];
  const { waitMs, pollingInterval, ...members } = more;
  const store: QueueStore = {
    put: async (_queue, all) => {
      messages.push(...all.map(({ payload }) => ({ payload, receipt: payload })));
    },
    get: async (_queue, options) => {
      reads.push({ at: clock.now(), options });
      return messages.splice(0, options.max);
    },
    ack: async () => {},
    size: async () => messages.length,
    purge: async () => messages.splice(0).length,
    delete: async () => {},
    close: async () => {},
    ...members,
  };
  const transport = defineVirtualTransport({
    name: 'scripted',
    schemes: ['scripted'],
    capabilities: {
      priority: false,
      delay: false,
      sharedBindings: false,
      acknowledge: 'broker',
      ordering: 'fifo',
      publisherConfirms: false,
      heartbeats: false,
    },
    open: async () => ({
      store,
      ...(waitMs === undefined ? {} : { waitMs }),
      ...(pollingInterval === undefined ? {} : { pollingInterval }),
    }),
    classify: () => 'INTERNAL',
  });
  const rig = new Rig(transport, clock);
  const rigged = await rig.start();
  await rigged.channel.declareQueue(queue('q'));
  const begun = clock.now();
  return { rig, reads, times: () => reads.map(({ at }) => at - begun), ...rigged };
};

describe('reading from a store', () => {
  it('asks with the free credit, up to a bound, and tells how long it may wait', async () => {
    const { channel, reads, rig } = await scripted(new ManualClock(), { waitMs: 4000 });
    await channel.consume(consume('q', { consumerTag: 'a', prefetch: 7 }));
    await channel.consume(consume('q', { consumerTag: 'b', prefetch: 5000 }));
    await channel.consume(consume('q', { consumerTag: 'c', noAck: true }));
    await rig.settle();
    const asked = reads.map(({ options: { max, waitMs, noAck } }) => [max, waitMs, noAck]);
    expect(asked).toEqual([
      [7, 4000, false],
      [100, 4000, false],
      [100, 4000, true],
    ]);
  });

  it('sleeps longer each time when reads come back early and empty, up to the polling interval', async () => {
    const clock = new ManualClock();
    const { channel, times } = await scripted(clock, { pollingInterval: 500 });
    await channel.consume(consume('q'));
    await clock.advance(2000);
    expect(times()).toEqual([0, 10, 30, 70, 150, 310, 630, 1130, 1630]);
  });

  it('starts with short sleeps again after a message', async () => {
    const clock = new ManualClock();
    const { channel, times, reads } = await scripted(clock);
    await channel.consume(consume('q'));
    await clock.advance(5000);
    await channel.publish(envelope(), toQueue('q'));
    const before = reads.length;
    await clock.advance(1100);
    const after = times().slice(before);
    expect(after[1]! - after[0]!).toBe(0);
    expect(after[2]! - after[1]!).toBe(10);
  });

  it('asks again at once when the store waited as it was told', async () => {
    const clock = new ManualClock();
    const { channel, times } = await scripted(clock, {
      get: (_queue, { waitMs, signal }) =>
        new Promise((resolve) => {
          clock.setTimeout(() => resolve([]), waitMs);
          signal.addEventListener('abort', () => resolve([]));
        }),
    });
    void times;
    await channel.consume(consume('q'));
    await clock.advance(25_000);
    // Nothing but the wait of the third read, its deadline, and no sleep.
    expect(clock.pending).toBe(2);
    await channel.cancel('q-consumer');
  });

  it('is woken by `watch`, also when the wake-up comes before the sleep, and stops watching with the consumer', async () => {
    const clock = new ManualClock();
    const watched = new Map<string, () => void>();
    let tooEarly = true;
    const store: Partial<QueueStore> = {
      watch: (name, wake) => {
        watched.set(name, wake);
        return () => watched.delete(name);
      },
    };
    const { connection, channel, events, reads, rig } = await scripted(clock, store);
    await channel.consume(consume('q'));
    await rig.settle();
    expect(reads).toHaveLength(1);
    await channel.publish(envelope('1'), toQueue('q'));
    expect(events.deliveries).toHaveLength(0);
    watched.get('q')!();
    await rig.settle();
    expect(events.bodies).toEqual(['1']);
    // A wake-up in the middle of a read that finds nothing: the next read follows at once.
    await clock.advance(1000);
    const before = reads.length;
    const push = reads.push.bind(reads);
    reads.push = (read) => {
      if (tooEarly) queueMicrotask(() => watched.get('q')!());
      tooEarly = false;
      return push(read);
    };
    await clock.advance(1000);
    expect(reads.length - before).toBe(2);
    // A missed wake-up costs a polling interval.
    await channel.publish(envelope('2'), toQueue('q'));
    await clock.advance(1000);
    expect(events.bodies).toEqual(['1', '2']);
    await channel.cancel('q-consumer');
    expect(watched.size).toBe(0);
    await connection.close();
    expect(clock.pending).toBe(0);
  });

  it('goes on without `watch` where that throws, and says so', async () => {
    const clock = new ManualClock();
    const store: Partial<QueueStore> = {
      watch: () => {
        throw new Error('no watches left');
      },
    };
    const { connection, channel, events, rig } = await scripted(clock, store);
    await channel.consume(consume('q'));
    await channel.publish(envelope('1'), toQueue('q'));
    // Long before a whole polling interval.
    await clock.advance(100);
    expect(events.bodies).toEqual(['1']);
    expect(rig.logger.lines).toEqual([expect.stringContaining('cannot be watched and is polled instead')]);
    await connection.close();
    expect(clock.pending).toBe(0);
  });

  it('behaviour 30: a sleep between two reads never outlives a cancel', async () => {
    const clock = new ManualClock();
    const { channel, connection } = await scripted(clock, { pollingInterval: 60_000 });
    await channel.consume(consume('q'));
    await clock.advance(200_000);
    await channel.cancel('q-consumer');
    await connection.close();
    expect(clock.pending).toBe(0);
  });

  it('reads for as many queues as there are, each on its own', async () => {
    const clock = new ManualClock();
    const { channel, reads, rig } = await scripted(clock, { get: () => new Promise(() => {}) });
    for (let index = 0; index < 1000; index++) {
      await channel.declareQueue(queue(`q${index}`));
      await channel.consume(consume(`q${index}`));
    }
    await rig.settle();
    expect(reads).toHaveLength(0);
    // One timer for the deadlines of all reads.
    expect(clock.pending).toBe(1);
  });
});
