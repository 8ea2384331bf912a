import { kombuLayout } from '../backlogs/kombu-layout.ts';
import type { Layout } from '../backlogs/redis-backlog.ts';
import { RedisBacklog } from '../backlogs/redis-backlog.ts';
import type { Body } from '../bodies.ts';
import { large, small } from '../bodies.ts';
import type { Client } from '../client.ts';
import { BeeQueueClient, beeQueueLayout } from '../clients/bee-queue.ts';
import { BullmqClient, bullmqLayout } from '../clients/bullmq.ts';
import { brpop } from '../clients/brpop.ts';
import { IoredisClient } from '../clients/ioredis.ts';
import { KombuClient } from '../clients/kombu.ts';
import { PythonBroker } from '../contenders/python-broker.ts';
import type { Case, Goal, Suite } from '../suite.ts';
import type { Work } from '../work/client-contender.ts';
import { ClientContender } from '../work/client-contender.ts';
import { consume } from '../work/consume.ts';
import { latency } from '../work/latency.ts';
import { publish } from '../work/publish.ts';

export const redis: Suite = {
  name: 'redis',
  about: 'publish, consume and latency with Redis, beside ioredis, BullMQ and bee-queue',
  *cases() {
    yield publishing(small, [
      { contender: '@kombu', atLeast: 0.8, timesAsFastAs: 'ioredis' },
      { contender: '@kombu', atLeast: 2, timesAsFastAs: 'BullMQ' },
      { contender: '@kombu', atLeast: 30, timesAsFastAs: 'Python Kombu' },
    ]);
    // At this size the bytes count, for everyone.
    yield publishing(large, [{ contender: '@kombu', atLeast: 0.8, timesAsFastAs: 'ioredis' }]);
    yield consuming(small, [
      { contender: '@kombu', atLeast: 0.6, timesAsFastAs: 'ioredis' },
      { contender: '@kombu', atLeast: 4, timesAsFastAs: 'BullMQ' },
      { contender: '@kombu', atLeast: 30, timesAsFastAs: 'Python Kombu' },
    ]);
    yield consuming(large, [
      { contender: '@kombu', atLeast: 0.8, timesAsFastAs: 'ioredis' },
      { contender: '@kombu', atLeast: 1.8, timesAsFastAs: 'BullMQ' },
      { contender: '@kombu', atLeast: 1.1, timesAsFastAs: 'bee-queue' },
    ]);
    yield oneInFlight(small);
  },
};

function contender(client: Client, layout: Layout, body: Body, work: Work): ClientContender {
  return new ClientContender({ client, backlog: new RedisBacklog(layout), body, work });
}

function python(work: 'publish' | 'consume' | 'latency', body: Body): PythonBroker {
  return new PythonBroker(work, new RedisBacklog(kombuLayout), body);
}

function kombu(body: Body, work: Work): ClientContender {
  return contender(new KombuClient(), kombuLayout, body, work);
}

function publishing(body: Body, goals: readonly Goal[]): Case {
  const work = publish(1000);
  const pipelined = { name: 'ioredis, auto-pipelining', enableAutoPipelining: true };
  return {
    title: `redis: publish, ${body.label}, 1000 in flight`,
    unit: 'messages',
    contenders: [
      contender(new IoredisClient(), kombuLayout, body, work),
      contender(new IoredisClient(pipelined), kombuLayout, body, work),
      contender(new BullmqClient(), bullmqLayout, body, work),
      contender(new BeeQueueClient(), beeQueueLayout, body, work),
      kombu(body, work),
      python('publish', body),
    ],
    goals,
  };
}

function consuming(body: Body, goals: readonly Goal[]): Case {
  const work = consume(100);
  return {
    title: `redis: consume and ack, ${body.label}, prefetch 100 (jobs: 50 at a time)`,
    unit: 'messages',
    contenders: [
      contender(new IoredisClient(), kombuLayout, body, work),
      contender(new BullmqClient(50), bullmqLayout, body, work),
      contender(new BeeQueueClient(50), beeQueueLayout, body, work),
      kombu(body, work),
      python('consume', body),
    ],
    goals,
  };
}

function oneInFlight(body: Body): Case {
  const work = latency();
  return {
    title: `redis: from publish to the handler, ${body.label}, one in flight`,
    unit: 'messages',
    shows: 'time',
    contenders: [
      contender(new IoredisClient({ name: 'ioredis, BRPOP', consume: brpop }), kombuLayout, body, work),
      contender(new BullmqClient(1), bullmqLayout, body, work),
      contender(new BeeQueueClient(1), beeQueueLayout, body, work),
      kombu(body, work),
      python('latency', body),
    ],
    goals: [
      { contender: '@kombu', atMost: 1.5, timesTheTimeOf: 'ioredis, BRPOP' },
      { contender: '@kombu', atMost: 1, timesTheTimeOf: 'BullMQ' },
    ],
  };
}
