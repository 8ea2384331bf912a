import type { TransportChannel, TransportConnection } from '@kombu/core/spi';
import type { Defect, Site } from './plant.ts';
import { never, plant } from './plant.ts';

/** Faults in connecting, failing and growing. */
export const lifeDefects: readonly Defect[] = [
  {
    name: 'connect ignores its signal',
    caughtBy: 'connect/aborted',
    transport: plant({
      transport: (transport) => ({
        connect: (target, ctx) => transport.connect(target, { ...ctx, signal: new AbortController().signal }),
      }),
    }),
  },
  {
    name: 'connect hangs once its signal fired',
    caughtBy: 'connect/aborted-midway',
    transport: plant({
      transport: (transport) => ({
        connect: async (target, ctx) => {
          const connection = await transport.connect(target, { ...ctx, signal: new AbortController().signal });
          return ctx.signal.aborted ? never() : connection;
        },
      }),
    }),
  },
  {
    name: 'the signal of connect closes the connection later',
    caughtBy: 'connect/signal-is-for-connecting',
    transport: plant({
      transport: (transport) => ({
        connect: async (target, ctx) => {
          const connection = await transport.connect(target, ctx);
          ctx.signal.addEventListener('abort', () => void connection.close());
          return connection;
        },
      }),
    }),
  },
  {
    name: 'there can be three connections only',
    caughtBy: 'connect/many',
    transport: plant({
      transport: (transport) => {
        let connections = 0;
        return { connect: (target, ctx) => (++connections > 3 ? never() : transport.connect(target, ctx)) };
      },
    }),
  },
  {
    name: 'a channel error takes the connection down',
    caughtBy: 'errors/channel-alone',
    transport: plant({
      channel: ({ channel, connection }) => ({
        declareQueue: (queue) =>
          channel.declareQueue(queue).catch(async (error: unknown) => {
            await connection.close();
            throw error;
          }),
      }),
    }),
  },
  {
    name: 'a channel that an error ends drops its messages',
    caughtBy: 'errors/messages-survive',
    transport: plant({ channel: dropOnError }),
  },
  {
    name: 'a channel that an error ends says so twice',
    caughtBy: 'errors/ended-channel',
    transport: plant({
      channel: ({ channel, events }) => ({
        declareQueue: (queue) =>
          channel.declareQueue(queue).catch((error: Error) => {
            events.closed(error);
            events.closed(error);
            throw error;
          }),
      }),
    }),
  },
  {
    name: 'classify takes anything for a lost connection',
    caughtBy: 'errors/classify',
    transport: plant({ transport: () => ({ classify: () => 'CONNECTION_LOST' }) }),
  },
  {
    name: 'an address where nobody listens is tried for ever',
    caughtBy: 'connect/unreachable',
    transport: plant({ transport: () => ({ connect: never }) }),
  },
  {
    name: 'nobody is told that the broker went away',
    caughtBy: 'restart/noticed',
    transport: plant({ connection: () => ({ closed: never() }) }),
  },
  {
    name: 'channels are not told that the broker went away',
    caughtBy: 'restart/noticed',
    transport: plant({ events: () => ({ closed: () => undefined }) }),
  },
  {
    name: 'messages that were held when the broker went away are gone',
    caughtBy: 'restart/durable',
    transport: plant({ memory: { leaseMs: 1e9, capabilities: { leaseMs: 30_000 } } }),
  },
  {
    name: 'consumers beyond the hundredth are deaf',
    caughtBy: 'load/many-queues',
    transport: plant({ channel: onlyHundredConsumers }),
  },
  {
    name: 'channels are never returned and run out',
    caughtBy: 'load/many-channels',
    transport: plant({ connection: runOutOfChannels }),
  },
];

function dropOnError({ channel, delivered }: Site): Partial<TransportChannel> {
  return {
    declareQueue: (queue) =>
      channel.declareQueue(queue).catch(async (error: unknown) => {
        for (const tag of delivered.keys()) await channel.ack(tag);
        throw error;
      }),
    reject: async () => 'ok',
  };
}

function onlyHundredConsumers({ channel }: Site): Partial<TransportChannel> {
  let consumers = 0;
  return { consume: async (options) => (++consumers > 100 ? undefined : channel.consume(options)) };
}

function runOutOfChannels(connection: TransportConnection): Partial<TransportConnection> {
  let opened = 0;
  return {
    openChannel: (events) => {
      opened += 1;
      return opened > 100 ? never() : connection.openChannel(events);
    },
  };
}
