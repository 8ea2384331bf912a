import type { TransportChannel, TransportConnection } from '@kombu/core/spi';
import type { Defect, Site } from './plant.ts';
import { never, plant } from './plant.ts';

const deafEvents = {
  delivery: () => undefined,
  returned: () => undefined,
  cancelled: () => undefined,
  flow: () => undefined,
  closed: () => undefined,
};

/** Faults in closing, and in what is left afterwards. */
export const closeDefects: readonly Defect[] = [
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
    name: 'unacked messages are dropped when their connection closes',
    caughtBy: 'ack/connection-close',
    transport: plant({ channel: rememberHeld, connection: (connection) => ackAllOnClose(connection) }),
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
    transport: plant({ channel: rememberHeld, connection: (connection) => ackAllOnClose(connection) }),
  },
  {
    name: 'close gives back the first five hundred messages only',
    caughtBy: 'close/thousand-unacked',
    transport: plant({ channel: rememberHeld, connection: (connection) => ackAllOnClose(connection, 500) }),
  },
  {
    name: 'closing a channel ends the consumers of all channels',
    caughtBy: 'close/beside-others',
    transport: plant({ channel: closeCancelsAll }),
  },
  {
    name: 'closing a channel acks what it holds',
    caughtBy: 'close/beside-others',
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
const consumed = new WeakMap<TransportConnection, (() => Promise<void>)[]>();
const closing = new WeakSet<TransportConnection>();
const sites = new WeakMap<TransportConnection, Site[]>();

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

function closeCancelsAll({ channel, connection }: Site): Partial<TransportChannel> {
  const tags = consumed.get(connection) ?? [];
  consumed.set(connection, tags);
  return {
    consume: (options) => {
      tags.push(() => channel.cancel(options.consumerTag));
      return channel.consume(options);
    },
    close: async () => {
      await Promise.all(tags.map((cancel) => cancel()));
      await channel.close();
    },
  };
}

function rememberHeld(site: Site): Partial<TransportChannel> {
  const all = sites.get(site.connection) ?? [];
  sites.set(site.connection, [...all, site]);
  return {};
}

function ackAllOnClose(connection: TransportConnection, beyond = 0): Partial<TransportConnection> {
  return {
    close: async () => {
      for (const { channel, delivered } of sites.get(connection) ?? []) {
        await Promise.allSettled([...delivered.keys()].slice(beyond).map((tag) => channel.ack(tag)));
      }
      await connection.close();
    },
  };
}
