import type { TransportChannel } from '@kombu/core/spi';
import { gated } from './gate.ts';
import type { Defect, Site } from './plant.ts';
import { plant } from './plant.ts';

const onConsume = (
  change: (options: Parameters<TransportChannel['consume']>[0]) => Partial<Parameters<TransportChannel['consume']>[0]>,
): Defect['transport'] =>
  plant({
    channel: ({ channel }) => ({ consume: (options) => channel.consume({ ...options, ...change(options) }) }),
  });

/** Faults in get and in counting credit. */
export const prefetchDefects: readonly Defect[] = [
  {
    name: 'get waits for a message',
    caughtBy: 'get/empty',
    transport: plant({
      channel: ({ channel, clock }) => ({
        get: async (queue, options) => {
          const got = await channel.get(queue, options);
          if (!got) await new Promise<void>((resolve) => void clock.setTimeout(resolve, 5000));
          return got;
        },
      }),
    }),
  },
  {
    name: 'get of a missing queue is empty',
    caughtBy: 'get/missing-queue',
    transport: plant({
      channel: ({ channel }) => ({ get: (queue, options) => channel.get(queue, options).catch(() => undefined) }),
    }),
  },
  {
    name: 'messageCount counts the message itself',
    caughtBy: 'get/message-count',
    transport: plant({
      channel: ({ channel }) => ({
        get: async (queue, options) => {
          const got = await channel.get(queue, options);
          return got && { ...got, messageCount: 3 };
        },
      }),
    }),
  },
  {
    name: 'gets at the same time share one answer',
    caughtBy: 'get/many-at-once',
    transport: plant({ channel: shareGets }),
  },
  { name: 'prefetch is ignored', caughtBy: 'prefetch/one', transport: onConsume(() => ({ prefetch: 0 })) },
  {
    name: 'prefetch is one too high',
    caughtBy: 'prefetch/ten',
    transport: onConsume(({ prefetch }) => ({ prefetch: prefetch && prefetch + 1 })),
  },
  {
    name: 'a prefetch of 0 means 50',
    caughtBy: 'prefetch/unlimited',
    transport: onConsume(({ prefetch }) => ({ prefetch: prefetch || 50 })),
  },
  {
    name: 'prefetch counts per channel instead of per consumer',
    caughtBy: 'prefetch/per-consumer',
    transport: plant(gated(noLimitForZero)),
  },
  {
    name: 'deliveries without ack use credit',
    caughtBy: 'prefetch/no-ack',
    transport: plant(gated(noLimitForZero)),
  },
  {
    name: 'a reject does not give its credit back',
    caughtBy: 'prefetch/returns-on-reject',
    transport: plant(gated(noLimitForZero, (how) => how !== 'reject')),
  },
  {
    name: 'a requeue does not give its credit back',
    caughtBy: 'prefetch/returns-on-requeue',
    transport: plant(gated(noLimitForZero, (how) => how !== 'requeue')),
  },
  {
    name: 'an ack of several gives the credit of one back',
    caughtBy: 'prefetch/returns-on-multiple',
    transport: plant(gated(noLimitForZero)),
  },
  {
    name: 'setPrefetch does nothing',
    caughtBy: 'prefetch/set-prefetch',
    transport: plant({ channel: () => ({ setPrefetch: async () => undefined }) }),
  },
  {
    name: 'setPrefetch subscribes anew and gives back what is held',
    caughtBy: 'prefetch/set-while-running',
    transport: plant({
      channel: ({ channel }) => ({
        setPrefetch: async (tag, prefetch) => {
          await channel.setPrefetch(tag, prefetch);
          await channel.recover();
        },
      }),
    }),
  },
  {
    name: 'setPrefetch only raises the credit',
    caughtBy: 'prefetch/set-while-running',
    transport: plant({ channel: onlyRaise }),
  },
  {
    name: 'get uses the credit of consumers',
    caughtBy: 'prefetch/get-is-apart',
    transport: plant({ channel: getTakesCredit }),
  },
];

function noLimitForZero(prefetch: number): number {
  return prefetch || Number.POSITIVE_INFINITY;
}

function onlyRaise({ channel }: Site): Partial<TransportChannel> {
  let highest = 0;
  return {
    setPrefetch: (tag, prefetch) => {
      highest = Math.max(highest, prefetch);
      return channel.setPrefetch(tag, highest);
    },
  };
}

function getTakesCredit({ channel }: Site): Partial<TransportChannel> {
  let held = 0;
  return {
    get: async (queue, options) => {
      const got = await channel.get(queue, options);
      if (got) held += 1;
      return got;
    },
    consume: (options) => channel.consume(options),
    publish: async (envelope, route) =>
      held > 0 && route.routingKey.startsWith('queue') ? hide() : channel.publish(envelope, route),
  };
}

/** As seen by the consumer: the message never comes. */
async function hide(): Promise<'confirmed'> {
  return 'confirmed';
}

function shareGets({ channel }: Site): Partial<TransportChannel> {
  let underWay: ReturnType<TransportChannel['get']> | undefined;
  return {
    get: (queue, options) =>
      (underWay ??= channel.get(queue, options).finally(() => {
        underWay = undefined;
      })),
  };
}
