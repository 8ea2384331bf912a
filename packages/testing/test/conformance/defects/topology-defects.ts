import type { ExchangeDeclaration, QueueDeclaration } from '@kombu/core/spi';
import type { Defect } from './plant.ts';
import { plant, without } from './plant.ts';

/** Changes each queue declaration on its way in. */
const onDeclare = (change: (queue: QueueDeclaration) => QueueDeclaration): Defect['transport'] =>
  plant({ channel: ({ channel }) => ({ declareQueue: (queue) => channel.declareQueue(change(queue)) }) });

const onDeclareExchange = (change: (exchange: ExchangeDeclaration) => ExchangeDeclaration): Defect['transport'] =>
  plant({ channel: ({ channel }) => ({ declareExchange: (exchange) => channel.declareExchange(change(exchange)) }) });

const withoutArgument = (name: string): Defect['transport'] =>
  onDeclare((queue) => ({ ...queue, arguments: without(queue.arguments, name) }));

/** Faults in declaring, deleting and bounding queues. */
export const topologyDefects: readonly Defect[] = [
  {
    name: 'a mismatch of a declaration is swallowed',
    caughtBy: 'declare/queue-mismatch',
    transport: plant({
      channel: ({ channel }) => ({
        declareQueue: (queue) =>
          channel.declareQueue(queue).catch(() => channel.declareQueue({ ...queue, passive: true })),
      }),
    }),
  },
  {
    name: 'the arguments of a queue are not compared',
    caughtBy: 'declare/argument-mismatch',
    transport: withoutArgument('x-message-ttl'),
  },
  {
    name: 'the type of an exchange is not compared',
    caughtBy: 'declare/exchange-mismatch',
    transport: onDeclareExchange((exchange) => ({ ...exchange, type: 'direct' })),
  },
  {
    name: 'declaring an exchange again drops its bindings',
    caughtBy: 'declare/exchange-twice',
    transport: plant({
      channel: ({ channel }) => ({
        declareExchange: async (exchange) => {
          await channel.deleteExchange(exchange.name, { ifUnused: false }).catch(() => undefined);
          await channel.declareExchange(exchange);
        },
      }),
    }),
  },
  {
    name: 'x-expires takes no notice of consumers',
    caughtBy: 'limits/expires-in-use',
    transport: plant({
      channel: ({ channel, clock }) => ({
        declareQueue: (queue) => {
          const expires = queue.arguments['x-expires'];
          const remove = (): Promise<number> => channel.deleteQueue(queue.name, { ifUnused: false, ifEmpty: false });
          if (typeof expires === 'number') clock.setTimeout(() => void remove(), expires);
          return channel.declareQueue(queue);
        },
      }),
    }),
  },
  {
    name: 'a passive declaration makes the queue',
    caughtBy: 'declare/passive',
    transport: onDeclare((queue) => ({ ...queue, passive: false, autoDelete: false })),
  },
  {
    name: 'declaring a queue again empties it',
    caughtBy: 'declare/queue-twice',
    transport: plant({
      channel: ({ channel }) => ({
        declareQueue: async (queue) => {
          const info = await channel.declareQueue(queue);
          if (!queue.passive) await channel.purgeQueue(queue.name);
          return info;
        },
      }),
    }),
  },
  {
    name: 'an emptied queue is reported as missing',
    caughtBy: 'declare/empty-queue-exists',
    transport: plant({
      channel: ({ channel }) => ({
        declareQueue: async (queue) => {
          const info = await channel.declareQueue(queue);
          return queue.passive && info.messageCount === 0
            ? channel.declareQueue({ ...queue, name: `no ${queue.name}` })
            : info;
        },
      }),
    }),
  },
  {
    name: 'the number of consumers is always 0',
    caughtBy: 'declare/counts',
    transport: plant({
      channel: ({ channel }) => ({
        declareQueue: async (queue) => ({ ...(await channel.declareQueue(queue)), consumerCount: 0 }),
      }),
    }),
  },
  {
    name: 'auto-delete is ignored',
    caughtBy: 'declare/auto-delete',
    transport: onDeclare((queue) => ({ ...queue, autoDelete: false })),
  },
  {
    name: 'auto-delete of an exchange is ignored',
    caughtBy: 'declare/auto-delete-exchange',
    transport: onDeclareExchange((exchange) => ({ ...exchange, autoDelete: false })),
  },
  {
    name: 'an auto-delete exchange goes with the first of its bindings',
    caughtBy: 'declare/auto-delete-exchange',
    transport: plant({
      channel: ({ channel }) => ({
        unbind: (binding) => channel.deleteExchange(binding.exchange, { ifUnused: false }),
      }),
    }),
  },
  {
    name: 'the exclusive queue of another connection can be purged',
    caughtBy: 'declare/exclusive-locked',
    transport: plant({
      channel: ({ channel }) => ({ purgeQueue: (name) => channel.purgeQueue(name).catch(() => 0) }),
    }),
  },
  {
    name: 'a queue of another connection counts as missing',
    caughtBy: 'declare/exclusive-locked',
    transport: plant({
      channel: ({ channel }) => ({
        get: (queue, options) => channel.get(queue, options).catch(() => channel.get('missing', options)),
      }),
    }),
  },
  {
    name: 'exclusive is ignored',
    caughtBy: 'declare/exclusive',
    transport: onDeclare((queue) => ({ ...queue, exclusive: false, durable: true })),
  },
  {
    name: 'purge does nothing',
    caughtBy: 'remove/purge',
    transport: plant({ channel: () => ({ purgeQueue: async () => 0 }) }),
  },
  {
    name: 'purge counts but removes nothing',
    caughtBy: 'remove/purge',
    transport: plant({
      channel: ({ channel }) => ({
        purgeQueue: async (name) => {
          const empty = { durable: true, exclusive: false, autoDelete: false, arguments: {}, passive: true };
          return (await channel.declareQueue({ ...empty, name })).messageCount;
        },
      }),
    }),
  },
  {
    name: 'delete purges but leaves the queue and its bindings',
    caughtBy: 'remove/delete',
    transport: plant({ channel: ({ channel }) => ({ deleteQueue: (name) => channel.purgeQueue(name) }) }),
  },
  {
    name: 'an unbound queue is not deleted',
    caughtBy: 'remove/delete-unbound',
    transport: plant({
      channel: ({ channel }) => {
        const bound = new Set<string>();
        return {
          bind: (binding) => channel.bind({ ...binding, destination: add(bound, binding.destination) }),
          deleteQueue: async (name, options) => (bound.has(name) ? channel.deleteQueue(name, options) : 0),
        };
      },
    }),
  },
  {
    name: 'ifEmpty is ignored',
    caughtBy: 'remove/if-empty',
    transport: plant({
      channel: ({ channel }) => ({
        deleteQueue: (name, options) => channel.deleteQueue(name, { ...options, ifEmpty: false }),
      }),
    }),
  },
  {
    name: 'ifUnused is ignored',
    caughtBy: 'remove/if-unused',
    transport: plant({
      channel: ({ channel }) => ({
        deleteQueue: (name, options) => channel.deleteQueue(name, { ...options, ifUnused: false }),
      }),
    }),
  },
  {
    name: 'deleting an exchange does nothing',
    caughtBy: 'remove/exchange',
    transport: plant({
      channel: ({ channel }) => ({
        deleteExchange: async (name, options) => (options.ifUnused ? channel.deleteExchange(name, options) : undefined),
      }),
    }),
  },
  { name: 'x-max-length is ignored', caughtBy: 'limits/drop-head', transport: withoutArgument('x-max-length') },
  {
    name: 'x-max-length-bytes is ignored',
    caughtBy: 'limits/max-length-bytes',
    transport: withoutArgument('x-max-length-bytes'),
  },
  { name: 'x-overflow is ignored', caughtBy: 'limits/reject-publish', transport: withoutArgument('x-overflow') },
  {
    name: 'a message refused by a full queue counts as published',
    caughtBy: 'limits/reject-publish',
    transport: plant({
      channel: ({ channel }) => ({
        publish: (envelope, route) =>
          channel.publish(envelope, route).catch((error: { code?: string }) => {
            if (error.code === 'NACKED') return 'confirmed' as const;
            throw error;
          }),
      }),
    }),
  },
  { name: 'x-expires is ignored', caughtBy: 'limits/expires', transport: withoutArgument('x-expires') },
];

function add<T>(set: Set<T>, value: T): T {
  set.add(value);
  return value;
}
