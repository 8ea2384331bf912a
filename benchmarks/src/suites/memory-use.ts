import { AmqpBacklog } from '../backlogs/amqp-backlog.ts';
import { kombuLayout } from '../backlogs/kombu-layout.ts';
import type { Layout } from '../backlogs/redis-backlog.ts';
import { RedisBacklog } from '../backlogs/redis-backlog.ts';
import { beeQueueLayout } from '../clients/bee-queue.ts';
import { bullmqLayout } from '../clients/bullmq.ts';
import type { ClientName, Footprint, FootprintCase } from '../memory-use/footprint.ts';
import type { Suite } from '../suite.ts';

/** Messages held at a time. */
const held = 100_000;

export const memoryUse: Suite = {
  name: 'memory-use',
  about: 'resident memory of processes that consume',
  *cases() {
    yield idle;
    yield holdingAmqp;
    yield holdingRedis;
  },
};

const bareNode: Footprint = { name: 'bare Node' };

const idle: FootprintCase = {
  title: 'memory use: an idle consumer',
  load: { kind: 'idle' },
  rounds: 3,
  footprints: [
    bareNode,
    onAmqp('amqplib'),
    onAmqp('rabbitmq-client'),
    onAmqp('amqp-connection-manager'),
    onAmqp('kombu', '@kombu, amqp'),
    onRedis('ioredis', kombuLayout),
    onRedis('bullmq', bullmqLayout),
    onRedis('bee-queue', beeQueueLayout),
    onRedis('kombu', kombuLayout, '@kombu, redis'),
  ],
  goals: [
    { contender: '@kombu, amqp', megabytesMoreAtMost: 10, than: 'amqplib' },
    { contender: '@kombu, redis', megabytesMoreAtMost: 10, than: 'ioredis' },
  ],
};

const holdingAmqp: FootprintCase = {
  title: `memory use: ${held.toLocaleString('en')} unacked messages of 1 kB, amqp`,
  load: { kind: 'hold', count: held },
  rounds: 1,
  footprints: [
    onAmqp('amqplib'),
    onAmqp('rabbitmq-client'),
    onAmqp('amqp-connection-manager'),
    onAmqp('kombu', '@kombu'),
  ],
  goals: [{ contender: '@kombu', atMost: 1.15, timesTheMemoryOf: 'amqplib' }],
};

const holdingRedis: FootprintCase = {
  title: `memory use: ${held.toLocaleString('en')} unacked messages of 1 kB, redis`,
  load: { kind: 'hold', count: held },
  rounds: 1,
  footprints: [
    onRedis('ioredis', kombuLayout),
    onRedis('bullmq', bullmqLayout),
    onRedis('kombu', kombuLayout, '@kombu'),
  ],
  goals: [{ contender: '@kombu', atMost: 1, timesTheMemoryOf: 'bullmq' }],
};

function onAmqp(client: ClientName, name: string = client): Footprint {
  return { name, client, backlog: new AmqpBacklog() };
}

function onRedis(client: ClientName, layout: Layout, name: string = client): Footprint {
  return { name, client, backlog: new RedisBacklog(layout) };
}
