import type { BindingDeclaration, TransportChannel } from '@kombu/core/spi';
import type { Defect, Site } from './plant.ts';
import { plant, without } from './plant.ts';

/** Faults in bindings, and in what happens to messages without one. */
export const bindingDefects: readonly Defect[] = [
  {
    name: 'unbinding what is not bound is an error',
    caughtBy: 'bindings/idempotent',
    transport: plant({ channel: strictUnbind }),
  },
  {
    name: 'exchanges in a circle make a copy per round',
    caughtBy: 'bindings/exchange-cycle',
    transport: plant({ channel: roundTwice }),
  },
  {
    name: 'an unroutable message is always an error',
    caughtBy: 'unroutable/dropped',
    transport: plant({
      channel: ({ channel }) => ({
        publish: (envelope, route) => channel.publish(envelope, { ...route, mandatory: true }),
      }),
    }),
  },
  {
    name: 'a key that was routable once counts as routable for ever',
    caughtBy: 'unroutable/mandatory-exchange',
    transport: plant({ channel: rememberRoutable }),
  },
  {
    name: 'unbind does nothing',
    caughtBy: 'bindings/unbind',
    transport: plant({ channel: () => ({ unbind: async () => undefined }) }),
  },
  {
    name: 'unbind does nothing for fanout',
    caughtBy: 'bindings/unbind-fanout',
    transport: plant({
      channel: ({ channel }) => ({
        unbind: async (binding) => (binding.routingKey === '' ? undefined : channel.unbind(binding)),
      }),
    }),
  },
  {
    name: 'unbind takes all bindings of the queue',
    caughtBy: 'bindings/unbind',
    transport: plant({ channel: unbindAll }),
  },
  {
    name: 'a binding of a missing queue is accepted',
    caughtBy: 'bindings/missing-ends',
    transport: plant({
      channel: ({ channel }) => ({ bind: (binding) => channel.bind(binding).catch(() => undefined) }),
    }),
  },
  {
    name: 'bindings with arguments are forgotten when another connection binds',
    caughtBy: 'bindings/beside-others',
    transport: (clock) => {
      const withArguments: (() => Promise<void>)[] = [];
      return plant({
        channel: ({ channel }) => ({
          bind: async (binding) => {
            await channel.bind(binding);
            if (Object.keys(binding.arguments).length > 0) withArguments.push(() => channel.unbind(binding));
            else await Promise.all(withArguments.map((forget) => forget()));
          },
        }),
      })(clock);
    },
  },
  {
    name: 'a binding between exchanges is ignored in silence',
    caughtBy: 'bindings/exchange-to-exchange',
    transport: plant({
      channel: ({ channel }) => ({
        bind: async (binding) => (binding.destinationType === 'exchange' ? undefined : channel.bind(binding)),
      }),
    }),
  },
  {
    name: 'the alternate exchange is ignored in silence',
    caughtBy: 'bindings/alternate-exchange',
    transport: plant({
      channel: ({ channel }) => ({
        declareExchange: (exchange) =>
          channel.declareExchange({ ...exchange, arguments: without(exchange.arguments, 'alternate-exchange') }),
      }),
    }),
  },
  {
    name: 'mandatory is ignored',
    caughtBy: 'unroutable/mandatory',
    transport: plant({
      channel: ({ channel }) => ({
        publish: (envelope, route) => channel.publish(envelope, { ...route, mandatory: false }),
      }),
    }),
  },
  {
    name: 'mandatory is ignored where nobody waits for the confirm',
    caughtBy: 'unroutable/returned',
    transport: plant({
      channel: ({ channel }) => ({
        publish: (envelope, route) =>
          channel.publish(envelope, { ...route, mandatory: route.mandatory && route.confirm }),
      }),
    }),
  },
  {
    name: 'a message for a missing exchange is dropped in silence',
    caughtBy: 'unroutable/missing-exchange',
    transport: plant({
      channel: ({ channel }) => ({
        publish: (envelope, route) =>
          channel.publish(envelope, route).catch((error: { code?: string }) => {
            if (error.code === 'NOT_FOUND') return 'confirmed' as const;
            throw error;
          }),
      }),
    }),
  },
];

function unbindAll({ channel }: Site): Partial<TransportChannel> {
  const bindings: BindingDeclaration[] = [];
  return {
    bind: (binding) => {
      bindings.push(binding);
      return channel.bind(binding);
    },
    unbind: async ({ destination }) => {
      for (const each of bindings) if (each.destination === destination) await channel.unbind(each);
    },
  };
}

function strictUnbind({ channel }: Site): Partial<TransportChannel> {
  const bound = new Set<string>();
  return {
    bind: (binding) => {
      bound.add(binding.routingKey);
      return channel.bind(binding);
    },
    unbind: (binding) =>
      channel.unbind(bound.has(binding.routingKey) ? binding : { ...binding, exchange: `no ${binding.exchange}` }),
  };
}

function roundTwice({ channel }: Site): Partial<TransportChannel> {
  let circle = 0;
  return {
    bind: (binding) => {
      if (binding.destinationType === 'exchange') circle += 1;
      return channel.bind(binding);
    },
    publish: async (envelope, route) => {
      for (let round = 1; round < circle; round++) await channel.publish(envelope, route);
      return channel.publish(envelope, route);
    },
  };
}

function rememberRoutable({ channel }: Site): Partial<TransportChannel> {
  const routable = new Set<string>();
  return {
    publish: async (envelope, route) => {
      const mandatory = route.mandatory && !routable.has(route.routingKey);
      const guarantee = await channel.publish(envelope, { ...route, mandatory });
      routable.add(route.routingKey);
      return guarantee;
    },
  };
}
