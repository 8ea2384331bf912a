import type { TransportChannel } from '@kombu/core/spi';
import type { Defect, Site } from './plant.ts';
import { plant } from './plant.ts';

/** Faults in acks. */
export const ackDefects: readonly Defect[] = [
  {
    name: 'an ack is dropped',
    caughtBy: 'ack/final',
    transport: plant({ channel: () => ({ ack: async () => 'ok' }) }),
  },
  { name: 'an ack removes a neighbour', caughtBy: 'ack/final', transport: plant({ channel: ackNeighbour }) },
  {
    name: 'unacked messages are dropped when their channel closes',
    caughtBy: 'ack/channel-close',
    transport: plant({
      channel: ({ channel, delivered }) => ({
        close: async () => {
          await Promise.allSettled([...delivered.keys()].map((tag) => channel.ack(tag)));
          await channel.close();
        },
      }),
    }),
  },
  {
    name: 'unacked messages come back without their flag',
    caughtBy: 'ack/channel-close',
    transport: plant({ delivery: (delivery) => ({ ...delivery, redelivered: false }) }),
  },
  {
    name: 'unacked messages are not hidden from others',
    caughtBy: 'ack/hidden',
    transport: plant({ channel: handOutTwice }),
  },
  {
    name: 'multiple is ignored',
    caughtBy: 'ack/multiple',
    transport: plant({ channel: ({ channel }) => ({ ack: (tag) => channel.ack(tag) }) }),
  },
  {
    name: 'multiple covers later deliveries too',
    caughtBy: 'ack/multiple',
    transport: plant({
      channel: ({ channel, delivered }) => ({
        ack: (tag, options) =>
          options?.multiple ? channel.ack([...delivered.keys()].at(-1) ?? tag, options) : channel.ack(tag),
      }),
    }),
  },
  {
    name: 'multiple takes back what was requeued before',
    caughtBy: 'ack/multiple-skips-settled',
    transport: plant({ channel: multipleTakesRequeued }),
  },
  {
    name: 'of many acks at once the last is lost',
    caughtBy: 'ack/many',
    transport: plant({ channel: loseHundredthAck }),
  },
  {
    name: 'an ack after close throws a raw error',
    caughtBy: 'ack/after-close',
    transport: plant({ channel: rawErrorAfterClose }),
  },
  {
    name: 'an ack twice takes the connection down',
    caughtBy: 'ack/twice',
    transport: plant({
      channel: ({ channel, connection }) => ({
        ack: (tag, options) =>
          channel.ack(tag, options).catch(async (error: unknown) => {
            await connection.close();
            throw error;
          }),
      }),
    }),
  },
  {
    name: 'an unknown tag takes the connection down',
    caughtBy: 'ack/unknown-tag',
    transport: plant({
      channel: ({ channel, connection }) => ({
        ack: (tag, options) =>
          channel.ack(tag, options).catch(async (error: unknown) => {
            await connection.close();
            throw error;
          }),
      }),
    }),
  },
  {
    name: 'recover does nothing',
    caughtBy: 'ack/recover',
    transport: plant({ channel: () => ({ recover: async () => undefined }) }),
  },
];

function ackNeighbour({ channel, delivered }: Site): Partial<TransportChannel> {
  return {
    ack: (tag, options) => {
      const tags = [...delivered.keys()];
      const neighbour = tags[tags.indexOf(tag) + 1] ?? tag;
      return channel.ack(neighbour, options);
    },
  };
}

/** Gives a copy of what somebody else holds. */
function handOutTwice({ channel }: Site): Partial<TransportChannel> {
  return {
    get: async (queue, options) => {
      const got = await channel.get(queue, options);
      if (got && !options.noAck) {
        await channel.publish(got.envelope, { exchange: '', routingKey: queue, mandatory: false, confirm: true });
      }
      return got;
    },
  };
}

function multipleTakesRequeued({ channel, delivered }: Site): Partial<TransportChannel> {
  let requeued: string | undefined;
  return {
    reject: (tag, options) => {
      requeued = delivered.get(tag)?.routingKey;
      return channel.reject(tag, options);
    },
    ack: async (tag, options) => {
      if (options?.multiple && requeued !== undefined) await channel.get(requeued, { noAck: true });
      return channel.ack(tag, options);
    },
  };
}

function loseHundredthAck({ channel }: Site): Partial<TransportChannel> {
  let acks = 0;
  return { ack: async (tag, options) => (++acks === 100 ? 'ok' : channel.ack(tag, options)) };
}

function rawErrorAfterClose({ channel }: Site): Partial<TransportChannel> {
  let closed = false;
  return {
    close: () => {
      closed = true;
      return channel.close();
    },
    ack: async (tag, options) => {
      if (closed) throw new Error('write after end');
      return channel.ack(tag, options);
    },
  };
}
