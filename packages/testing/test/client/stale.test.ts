import type { Clock } from '@kombu/core';
import { Consumer } from '@kombu/core';

import type { MemoryBench } from './support/memory-bench.ts';
import { onMemory } from './support/memory-bench.ts';

const lease = 30_000;

/** The clock of a process that may stand still: the time of the broker goes on, and the process sees it afterwards. */
function stallable(inner: Clock): { readonly clock: Clock; readonly stall: (ms: number) => void } {
  let behind = 0;
  const clock: Clock = {
    now: () => inner.now() + behind,
    setTimeout: (callback, ms) => inner.setTimeout(callback, ms),
    clearTimeout: (timer) => inner.clearTimeout(timer),
  };
  return { clock, stall: (ms) => void (behind += ms) };
}

async function publish(bench: MemoryBench, bodies: readonly string[]): Promise<void> {
  const producer = bench.connection().producer({ routingKey: 'tasks' });
  for (const body of bodies) await producer.publish(body);
}

describe('messages whose lease ran out while the process stood still (R30)', () => {
  const bodies = ['a', 'b', 'c', 'd'];

  it.each([
    ['in one delivery', {}],
    ['that wait for their turn', { concurrency: 1 }],
  ])('go back unseen and come again: %s', (_name, options) =>
    onMemory(async (bench) => {
      const { clock, stall } = stallable(bench.clock);
      const connection = bench.connection({ clock });
      const started: string[] = [];
      const consumer = new Consumer<string>(connection, {
        queues: 'tasks',
        ...options,
        handler: async (body, message) => {
          started.push(`${body}${message.deliveryInfo.redelivered ? ' again' : ''}`);
          if (started.length === 1) stall(lease);
          await message.ack();
        },
      });
      consumer.pause();
      await consumer.consume();
      await consumer.cancel();
      await publish(bench, bodies);
      consumer.resume();
      await consumer.consume();
      await bench.settle();
      expect(started).toEqual(['a', 'b again', 'c again', 'd again']);
      expect(bench.broker.counts('tasks')).toEqual({ ready: 0, leased: 0, delayed: 0 });
      expect(consumer.inFlight).toBe(0);
    })(),
  );

  it(
    'go back unseen from an iterator, too',
    onMemory(async (bench) => {
      const { clock, stall } = stallable(bench.clock);
      const connection = bench.connection({ clock });
      const messages = connection.messages<string>('tasks', { prefetch: 10 })[Symbol.asyncIterator]();
      const first = messages.next();
      await bench.settle();
      await publish(bench, bodies);
      await bench.settle();
      const { value: message } = await first;
      stall(lease);
      const second = messages.next();
      await bench.settle();
      expect(message?.payload).toBe('a');
      expect((await second).value).toMatchObject({ payload: 'b', deliveryInfo: { redelivered: true } });
      await messages.return?.();
    }),
  );
});
