import type { TransportChannel } from '@kombu/core/spi';
import type { Defect, Site } from './plant.ts';
import { plant } from './plant.ts';

/** Faults in names. */
export const nameDefects: readonly Defect[] = [
  {
    name: 'queue names are trimmed to letters and digits',
    caughtBy: 'names/queues',
    transport: plant({
      store: (store) => ({
        put: (queue, messages) => store.put(plain(queue), messages),
        get: (queue, options) => store.get(plain(queue), options),
        size: (queue) => store.size(plain(queue)),
      }),
    }),
  },
  {
    name: 'purge takes the name for a pattern',
    caughtBy: 'names/prefixes',
    transport: plant({ channel: (site) => onQueues(site, (name) => name.endsWith('*')) }),
  },
  {
    name: 'delete takes all queues whose names begin so',
    caughtBy: 'names/prefixes',
    transport: plant({ channel: (site) => onQueues(site, () => true) }),
  },
  {
    name: 'long names are cut',
    caughtBy: 'names/long',
    transport: plant({
      channel: ({ channel }) => ({
        declareQueue: (queue) => channel.declareQueue({ ...queue, name: queue.name.slice(0, 240) }),
        bind: (binding) => channel.bind({ ...binding, destination: binding.destination.slice(0, 240) }),
        publish: (envelope, route) =>
          channel.publish(envelope, { ...route, routingKey: route.routingKey.slice(0, 240) }),
        get: (queue, options) => channel.get(queue.slice(0, 240), options),
      }),
    }),
  },
  {
    name: 'line ends are taken out of the names of queues when they are declared',
    caughtBy: 'names/line-ends',
    transport: plant({
      channel: ({ channel }) => ({
        declareQueue: (queue) => channel.declareQueue({ ...queue, name: queue.name.replaceAll(/[\r\n]/g, '') }),
      }),
    }),
  },
  {
    name: 'routing keys are lower-cased when they are published',
    caughtBy: 'names/routing-keys',
    transport: plant({
      channel: ({ channel }) => ({
        publish: (envelope, route) =>
          channel.publish(envelope, route.exchange ? { ...route, routingKey: route.routingKey.toLowerCase() } : route),
      }),
    }),
  },
  {
    name: 'exchange names are trimmed on bind',
    caughtBy: 'names/exchanges',
    transport: plant({
      channel: ({ channel }) => ({
        bind: (binding) => channel.bind({ ...binding, exchange: binding.exchange.replaceAll('"', '') }),
      }),
    }),
  },
  {
    name: 'consumer tags are kept in a plain object',
    caughtBy: 'names/consumer-tags',
    transport: plant({
      channel: ({ channel }) => {
        const tags: Record<string, true> = {};
        return {
          consume: (options) => {
            tags[options.consumerTag] = true;
            return channel.consume(options);
          },
          cancel: async (tag) => (Object.keys(tags).includes(tag) ? channel.cancel(tag) : undefined),
        };
      },
    }),
  },
];

async function sum(counts: readonly Promise<number>[]): Promise<number> {
  return (await Promise.all(counts)).reduce((total, each) => total + each, 0);
}

/** Purges and deletes, beside the queue itself, those whose names begin like it. */
function onQueues({ channel }: Site, isPattern: (name: string) => boolean): Partial<TransportChannel> {
  const queues = new Set<string>();
  const alike = (name: string): readonly string[] => {
    const start = name.replace(/\*$/, '');
    return isPattern(name) ? [...queues].filter((each) => each.startsWith(start)) : [name];
  };
  return {
    declareQueue: (queue) => {
      queues.add(queue.name);
      return channel.declareQueue(queue);
    },
    purgeQueue: (name) => sum(alike(name).map((each) => channel.purgeQueue(each))),
    deleteQueue: async (name, options) => {
      for (const each of alike(name)) if (each !== name) await channel.deleteQueue(each, options);
      return channel.deleteQueue(name, options);
    },
  };
}

function plain(queue: string): string {
  return queue.replaceAll(/[^A-Za-z0-9]/g, '_');
}
