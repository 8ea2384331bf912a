import type { TransportChannel, TransportConnection } from '@kombu/core/spi';
import type { Defect, Site } from './plant.ts';
import { never, plant } from './plant.ts';

/** Faults in connecting, failing and closing. */
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
    name: 'all connections share one',
    caughtBy: 'close/one-of-two',
    transport: plant({
      transport: (transport) => {
        let first: Promise<TransportConnection> | undefined;
        return { connect: (target, ctx) => (first ??= transport.connect(target, ctx)) };
      },
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
    name: 'unacked messages are dropped when their connection closes',
    caughtBy: 'ack/connection-close',
    transport: plant({ channel: rememberHeld, connection: ackAllOnClose }),
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
    name: 'the closed promise never resolves',
    caughtBy: 'close/unused',
    transport: plant({ connection: () => ({ closed: never() }) }),
  },
  {
    name: 'close resolves the closed promise with an error',
    caughtBy: 'close/unused',
    transport: plant({ connection: ({ closed }) => ({ closed: closed.then(() => new Error('closed')) }) }),
  },
  {
    name: 'a second close is an error',
    caughtBy: 'close/twice',
    transport: plant({ connection: closeOnce }),
  },
  {
    name: 'channels do not say that they closed',
    caughtBy: 'close/twice',
    transport: plant({ events: () => ({ closed: () => undefined }) }),
  },
  {
    name: 'close hangs while there are consumers',
    caughtBy: 'close/consuming',
    transport: plant({
      channel: ({ channel, connection }) => ({
        consume: (options) => {
          consuming.add(connection);
          return channel.consume(options);
        },
      }),
      connection: (connection) => ({
        close: () => (consuming.has(connection) ? never() : connection.close()),
      }),
    }),
  },
  {
    name: 'close drops unacked messages',
    caughtBy: 'close/with-unacked',
    transport: plant({ channel: rememberHeld, connection: ackAllOnClose }),
  },
  {
    name: 'publishes under way when the connection closes never settle',
    caughtBy: 'close/under-way',
    transport: plant({
      channel: ({ channel, connection }) => ({
        publish: async (envelope, route) => {
          const guarantee = await channel.publish(envelope, route);
          return closing.has(connection) ? never() : guarantee;
        },
      }),
      connection: (connection) => ({
        close: () => {
          closing.add(connection);
          return connection.close();
        },
      }),
    }),
  },
  {
    name: 'a consume under way when the connection closes never settles',
    caughtBy: 'close/during-consume',
    transport: plant({
      channel: ({ channel, connection }) => ({
        consume: async (options) => {
          await Promise.resolve();
          return closing.has(connection) ? never() : channel.consume(options);
        },
      }),
      connection: (connection) => ({
        close: () => {
          closing.add(connection);
          return connection.close();
        },
      }),
    }),
  },
  {
    name: 'get on a closed channel hangs',
    caughtBy: 'close/after-close',
    transport: plant({
      channel: ({ channel }) => ({ get: (queue, options) => channel.get(queue, options).catch(() => never()) }),
    }),
  },
  {
    name: 'publish on a closed channel resolves',
    caughtBy: 'close/after-close',
    transport: plant({
      channel: ({ channel }) => ({
        publish: (envelope, route) => channel.publish(envelope, route).catch(() => 'sent' as const),
      }),
    }),
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
  {
    name: 'a connection leaves a timer behind',
    caughtBy: 'leaks/timers',
    transport: plant({
      connection: (connection, clock) => {
        clock.setTimeout(() => undefined, 3_600_000);
        return { close: () => connection.close() };
      },
    }),
  },
  {
    name: 'every channel leaves a timer behind',
    caughtBy: 'leaks/timers-of-channels',
    transport: plant({
      channel: ({ clock }) => {
        clock.setTimeout(() => undefined, 3_600_000);
        return {};
      },
    }),
  },
  {
    name: 'every connection leaves a timer of the process behind',
    caughtBy: 'leaks/resources',
    transport: plant({
      connection: () => {
        // Ends before anybody waits for it.
        setTimeout(() => undefined, 500);
        return {};
      },
    }),
  },
];

const consuming = new WeakSet<TransportConnection>();
const closing = new WeakSet<TransportConnection>();
const sites = new WeakMap<TransportConnection, Site[]>();

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

function closeOnce(connection: TransportConnection): Partial<TransportConnection> {
  let closed = false;
  return {
    close: async () => {
      // Asking a closed connection for a channel gives a refusal as the transport would make it.
      if (closed) await connection.openChannel(deafEvents);
      closed = true;
      await connection.close();
    },
  };
}

const deafEvents = {
  delivery: () => undefined,
  returned: () => undefined,
  cancelled: () => undefined,
  flow: () => undefined,
  closed: () => undefined,
};

function rememberHeld(site: Site): Partial<TransportChannel> {
  const all = sites.get(site.connection) ?? [];
  sites.set(site.connection, [...all, site]);
  return {};
}

function ackAllOnClose(connection: TransportConnection): Partial<TransportConnection> {
  return {
    close: async () => {
      for (const { channel, delivered } of sites.get(connection) ?? []) {
        await Promise.allSettled([...delivered.keys()].map((tag) => channel.ack(tag)));
      }
      await connection.close();
    },
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
