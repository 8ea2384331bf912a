// A process of its own: does what its argument says, and prints its resident memory.
import { setTimeout } from 'node:timers/promises';
import type { Client } from '../client.ts';
import { AbsentError } from '../contender.ts';
import type { ClientName } from './footprint.ts';
import type { Answer, Job } from './job.ts';

/** Nothing of the other clients is loaded. */
const clients: { readonly [name in ClientName]: (concurrency: number) => Promise<Client> } = {
  amqplib: async () => new (await import('../clients/amqplib.ts')).AmqplibClient(),
  'rabbitmq-client': async () => new (await import('../clients/rabbitmq-client.ts')).RabbitmqClient(),
  'amqp-connection-manager': async () =>
    new (await import('../clients/amqp-connection-manager.ts')).ConnectionManagerClient(),
  ioredis: async () => {
    const { brpop } = await import('../clients/brpop.ts');
    return new (await import('../clients/ioredis.ts')).IoredisClient({ consume: brpop });
  },
  bullmq: async (concurrency) => new (await import('../clients/bullmq.ts')).BullmqClient(concurrency),
  'bee-queue': async (concurrency) => new (await import('../clients/bee-queue.ts')).BeeQueueClient(concurrency),
  kombu: async () => new (await import('../clients/kombu.ts')).KombuClient(),
};

/** Milliseconds in which what was started settles down. */
const pause = 500;

/** The least of several readings: what is kept, not what has not been collected yet. */
async function weigh(): Promise<number> {
  let least = Infinity;
  for (let round = 0; round < 5; round += 1) {
    await setTimeout(pause);
    global.gc?.();
    least = Math.min(least, process.memoryUsage.rss());
  }
  return least;
}

/** Resolves with the client, for what it holds has to stay. */
async function carryOut({ load, client: name, site }: Job): Promise<Client | undefined> {
  if (!name || !site) return undefined;
  const client = await clients[name](load.kind === 'hold' ? load.count : 100);
  await client.open(site);
  if (load.kind === 'idle') {
    await client.consume(100, { handle: () => {}, acked: () => {} });
    return client;
  }
  await new Promise<void>((resolve, reject) => {
    let left = load.count;
    const received = (): void => {
      left -= 1;
      if (left === 0) resolve();
    };
    client.hold(load.count, received).catch(reject);
  });
  return client;
}

try {
  const client = await carryOut(JSON.parse(process.argv[2] ?? '') as Job);
  const bytes = await weigh();
  console.log(JSON.stringify({ bytes, client: client?.name } satisfies Answer));
} catch (error) {
  if (!(error instanceof AbsentError)) throw error;
  console.log(JSON.stringify({ absent: error.message } satisfies Answer));
}
// What it holds goes back when its sockets close.
process.exit();
