import type { ChannelEvents, Delivery, TransportChannel } from '@kombu/core/spi';
import type { Defect, Site } from './plant.ts';
import { plant } from './plant.ts';

const onConsume = (
  change: (options: Parameters<TransportChannel['consume']>[0]) => Partial<Parameters<TransportChannel['consume']>[0]>,
): Defect['transport'] =>
  plant({
    channel: ({ channel }) => ({ consume: (options) => channel.consume({ ...options, ...change(options) }) }),
  });

/** Faults in starting and cancelling consumers. */
export const consumerDefects: readonly Defect[] = [
  {
    name: 'a consumer is deaf after its first messages',
    caughtBy: 'consumers/backlog',
    transport: plant({ events: (events) => ({ delivery: onlyFirst(events) }) }),
  },
  {
    name: 'a second consumer on a queue replaces the first',
    caughtBy: 'consumers/share',
    transport: plant({ channel: replaceConsumer }),
  },
  {
    name: 'a consumer on another connection gets nothing',
    caughtBy: 'consumers/share-connections',
    transport: (clock) => {
      const connections = new Set<unknown>();
      return plant({
        channel: ({ channel, connection }) => ({
          consume: async (options) => {
            connections.add(connection);
            if (connections.size === 1) await channel.consume(options);
          },
        }),
      })(clock);
    },
  },
  {
    name: 'the tag of a consumer whose queue was deleted stays taken',
    caughtBy: 'consumers/recreated',
    transport: plant({ channel: keepTags }),
  },
  {
    name: 'what was only fetched goes back flagged',
    caughtBy: 'cancel/not-flagged',
    transport: plant({ channel: flagAfterCancel }),
  },
  {
    name: 'consumers of one channel get the tag of the last one',
    caughtBy: 'consumers/many-queues',
    transport: plant({ channel: () => ({}), events: lastTagWins }),
  },
  {
    name: 'a cancel hits the consumers of all channels with that tag',
    caughtBy: 'consumers/same-tag-elsewhere',
    transport: (clock) => {
      const channels: TransportChannel[] = [];
      return plant({
        channel: ({ channel }) => {
          channels.push(channel);
          return { cancel: async (tag) => void (await Promise.all(channels.map((each) => each.cancel(tag)))) };
        },
      })(clock);
    },
  },
  {
    name: 'a consumer tag in use is accepted',
    caughtBy: 'consumers/duplicate-tag',
    transport: plant({
      channel: ({ channel }) => ({ consume: (options) => channel.consume(options).catch(() => undefined) }),
    }),
  },
  {
    name: 'a consumer of a missing queue is accepted',
    caughtBy: 'consumers/missing-queue',
    transport: plant({
      channel: ({ channel }) => ({ consume: (options) => channel.consume(options).catch(() => undefined) }),
    }),
  },
  {
    name: 'exclusive consumers are not',
    caughtBy: 'consumers/exclusive',
    transport: onConsume(() => ({ exclusive: false })),
  },
  {
    name: 'nobody is told that the queue was deleted',
    caughtBy: 'consumers/queue-deleted',
    transport: plant({ events: () => ({ cancelled: () => undefined }) }),
  },
  {
    name: 'the cancelled event comes twice',
    caughtBy: 'consumers/queue-deleted',
    transport: plant({
      events: (events) => ({
        cancelled: (tag) => {
          events.cancelled(tag);
          events.cancelled(tag);
        },
      }),
    }),
  },
  {
    name: 'the cancelled event comes for cancel too',
    caughtBy: 'cancel/nothing-after',
    transport: plant({
      channel: ({ channel, events }) => ({
        cancel: async (tag) => {
          await channel.cancel(tag);
          events.cancelled(tag);
        },
      }),
    }),
  },
  {
    name: 'noAck is ignored',
    caughtBy: 'consumers/no-ack',
    transport: onConsume(() => ({ noAck: false })),
  },
  {
    name: 'messages are delivered after cancel',
    caughtBy: 'cancel/nothing-after',
    transport: plant({ channel: () => ({ cancel: async () => undefined }) }),
  },
  {
    name: 'a cancel drops what was under way',
    caughtBy: 'cancel/in-flight',
    transport: plant({ channel: dropOnCancel }),
  },
  {
    name: 'a cancel gives back what handlers hold',
    caughtBy: 'cancel/still-settles',
    transport: plant({
      channel: ({ channel }) => ({
        cancel: async (tag) => {
          await channel.cancel(tag);
          await channel.recover();
        },
      }),
    }),
  },
  {
    name: 'a cancelled tag stays taken',
    caughtBy: 'cancel/same-tag-again',
    transport: plant({ channel: keepTags }),
  },
  {
    name: 'a second cancel is an error',
    caughtBy: 'cancel/twice',
    transport: plant({ channel: refuseSecondCancel }),
  },
  {
    name: 'a quick restart leaves the old consumer running',
    caughtBy: 'cancel/restarts',
    transport: plant({ channel: leaveOldConsumer }),
  },
];

function onlyFirst(events: ChannelEvents): ChannelEvents['delivery'] {
  let deaf = false;
  return (delivery) => {
    if (!deaf) events.delivery(delivery);
    deaf = true;
  };
}

function replaceConsumer({ channel }: Site): Partial<TransportChannel> {
  const tags = new Map<string, string>();
  return {
    consume: async (options) => {
      const previous = tags.get(options.queue);
      tags.set(options.queue, options.consumerTag);
      await channel.consume(options);
      if (previous !== undefined) await channel.cancel(previous);
    },
  };
}

function lastTagWins(events: ChannelEvents): Partial<ChannelEvents> {
  const seen: string[] = [];
  return {
    delivery: (delivery: Delivery) => {
      if (delivery.consumerTag !== undefined) seen.push(delivery.consumerTag);
      const [first] = seen;
      events.delivery(first === undefined ? delivery : { ...delivery, consumerTag: first });
    },
  };
}

function dropOnCancel({ channel, delivered }: Site): Partial<TransportChannel> {
  const queues = new Map<string, string>();
  return {
    consume: (options) => {
      queues.set(options.consumerTag, options.queue);
      return channel.consume(options);
    },
    cancel: async (tag) => {
      await channel.cancel(tag);
      const queue = queues.get(tag);
      if (queue !== undefined && delivered.size > 0) await channel.get(queue, { noAck: true });
    },
  };
}

function keepTags({ channel }: Site): Partial<TransportChannel> {
  const tags = new Set<string>();
  return {
    consume: async (options) => {
      if (tags.has(options.consumerTag)) return;
      tags.add(options.consumerTag);
      await channel.consume(options);
    },
  };
}

function refuseSecondCancel({ channel }: Site): Partial<TransportChannel> {
  const cancelled = new Set<string>();
  return {
    cancel: async (tag) => {
      // A refusal as core would make it, so that the case is red for what the transport does.
      if (cancelled.has(tag)) await channel.setPrefetch(tag, 1);
      cancelled.add(tag);
      await channel.cancel(tag);
    },
  };
}

function leaveOldConsumer({ channel }: Site): Partial<TransportChannel> {
  let round = 0;
  return {
    consume: (options) => channel.consume({ ...options, consumerTag: `${options.consumerTag}${(round += 1)}` }),
    cancel: async (tag) => {
      if (round % 5 !== 0) await channel.cancel(`${tag}${round}`);
    },
  };
}

function flagAfterCancel({ channel }: Site): Partial<TransportChannel> {
  let cancelled = false;
  return {
    cancel: (tag) => {
      cancelled = true;
      return channel.cancel(tag);
    },
    get: async (queue, options) => {
      const got = await channel.get(queue, options);
      return got && { ...got, redelivered: cancelled };
    },
  };
}
