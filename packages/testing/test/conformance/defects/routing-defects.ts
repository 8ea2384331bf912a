import type { BindingDeclaration, TransportChannel, TransportConnection } from '@kombu/core/spi';
import type { Defect, Site } from './plant.ts';
import { plant, without } from './plant.ts';

/** Changes each binding on its way in, both ways. */
const onBind = (change: (binding: BindingDeclaration) => BindingDeclaration): Defect['transport'] =>
  plant({
    channel: ({ channel }) => ({
      bind: (binding) => channel.bind(change(binding)),
      unbind: (binding) => channel.unbind(change(binding)),
    }),
  });

/** Faults in the ways from exchanges to queues. */
export const routingDefects: readonly Defect[] = [
  {
    name: '* of a topic pattern crosses dots',
    caughtBy: 'routing/topic',
    transport: onBind((binding) => ({ ...binding, routingKey: binding.routingKey.replaceAll('*', '*.#') })),
  },
  {
    name: 'a.# does not match a',
    caughtBy: 'routing/topic',
    transport: onBind((binding) => ({ ...binding, routingKey: binding.routingKey.replace(/\.#$/, '.*.#') })),
  },
  {
    name: 'direct keys are compared without case',
    caughtBy: 'routing/direct',
    transport: plant({
      channel: ({ channel }) => ({
        bind: (binding) => channel.bind({ ...binding, routingKey: binding.routingKey.toLowerCase() }),
        publish: (envelope, route) =>
          channel.publish(envelope, {
            ...route,
            routingKey: route.exchange === '' ? route.routingKey : route.routingKey.toLowerCase(),
          }),
      }),
    }),
  },
  {
    name: 'fanout compares routing keys',
    caughtBy: 'routing/fanout',
    transport: plant({
      channel: ({ channel }) => ({
        declareExchange: (exchange) =>
          channel.declareExchange(exchange.type === 'fanout' ? { ...exchange, type: 'direct' } : exchange),
      }),
    }),
  },
  { name: 'fanout loses its last queue', caughtBy: 'routing/fanout', transport: plant({ channel: loseFifthBind }) },
  {
    name: 'a headers exchange takes any for all',
    caughtBy: 'routing/headers-any',
    transport: onBind((binding) => ({ ...binding, arguments: without(binding.arguments, 'x-match') })),
  },
  {
    name: 'a headers exchange takes all for any',
    caughtBy: 'routing/headers-all',
    transport: onBind((binding) => ({ ...binding, arguments: { ...binding.arguments, 'x-match': 'any' } })),
  },
  {
    name: 'overlapping topic bindings make several copies',
    caughtBy: 'routing/one-copy-topic',
    transport: plant({ channel: (site) => copyPerBinding(site, '.') }),
  },
  {
    name: 'binding twice makes two copies',
    caughtBy: 'routing/one-copy-direct',
    transport: plant({ channel: (site) => copyPerBinding(site, 'key') }),
  },
  {
    name: 'bindings are known to the connection that made them only',
    caughtBy: 'routing/shared-bindings',
    transport: plant({ channel: ownBindingsOnly }),
  },
  {
    name: 'a fanout exchange reaches only queues whose connection is open',
    caughtBy: 'routing/fanout-offline',
    transport: plant({ channel: rememberBinds, connection: unbindOnClose }),
  },
  {
    name: 'a fanout exchange makes one copy per binding',
    caughtBy: 'routing/one-copy-fanout',
    transport: plant({ channel: (site) => copyPerBinding(site, '') }),
  },
  {
    name: 'a delivery does not say which exchange it came through',
    caughtBy: 'routing/origin',
    transport: plant({ delivery: (delivery) => ({ ...delivery, exchange: '' }) }),
  },
  {
    name: 'a publish to the default exchange goes to every queue with that beginning',
    caughtBy: 'routing/default-exchange',
    transport: plant({ channel: toEveryQueue }),
  },
];

const binds = new WeakMap<
  TransportConnection,
  { readonly channel: TransportChannel; readonly binding: BindingDeclaration }[]
>();

function rememberBinds({ channel, connection }: Site): Partial<TransportChannel> {
  return {
    bind: (binding) => {
      binds.set(connection, [...(binds.get(connection) ?? []), { channel, binding }]);
      return channel.bind(binding);
    },
  };
}

function unbindOnClose(connection: TransportConnection): Partial<TransportConnection> {
  return {
    close: async () => {
      for (const { channel, binding } of binds.get(connection) ?? []) {
        await channel.unbind(binding).catch(() => undefined);
      }
      await connection.close();
    },
  };
}

function loseFifthBind({ channel }: Site): Partial<TransportChannel> {
  let count = 0;
  return { bind: async (binding) => (++count === 5 ? undefined : channel.bind(binding)) };
}

/** One more copy for each further binding of a queue, where the routing key has this in it. */
function copyPerBinding({ channel }: Site, mark: string): Partial<TransportChannel> {
  const bindings: BindingDeclaration[] = [];
  return {
    bind: (binding) => {
      bindings.push(binding);
      return channel.bind(binding);
    },
    publish: async (envelope, route) => {
      const guarantee = await channel.publish(envelope, route);
      const queues = bindings
        .filter((each) => each.exchange === route.exchange && route.routingKey.includes(mark))
        .map((each) => each.destination);
      const further = queues.filter((queue, index) => queues.indexOf(queue) !== index);
      for (const queue of further) await channel.publish(envelope, { ...route, exchange: '', routingKey: queue });
      return guarantee;
    },
  };
}

function toEveryQueue({ channel }: Site): Partial<TransportChannel> {
  const queues = new Set<string>();
  return {
    declareQueue: (queue) => {
      queues.add(queue.name);
      return channel.declareQueue(queue);
    },
    publish: async (envelope, route) => {
      if (route.exchange !== '') return channel.publish(envelope, route);
      const family = [...queues].filter((queue) => queue.split('-')[0] === route.routingKey.split('-')[0]);
      for (const queue of family) await channel.publish(envelope, { ...route, routingKey: queue });
      return 'confirmed';
    },
  };
}

function ownBindingsOnly({ channel }: Site): Partial<TransportChannel> {
  const bound = new Set<string>();
  return {
    bind: (binding) => {
      bound.add(binding.exchange);
      return channel.bind(binding);
    },
    publish: async (envelope, route) =>
      route.exchange === '' || bound.has(route.exchange) ? channel.publish(envelope, route) : 'confirmed',
  };
}
