import BeeQueue from 'bee-queue';
import type { Redis } from 'ioredis';
import type { Layout } from '../backlogs/redis-backlog.ts';
import type { Client, Settled, Handlers, Site, Stop } from '../client.ts';

/** Saved in one call. */
const batch = 500;

/** bee-queue: a job for each message, and workers that run `concurrency` of them at a time. */
export class BeeQueueClient implements Client {
  readonly name: string;
  readonly #concurrency: number;
  readonly #producers = new Map<string, BeeQueue>();
  #site: Site | undefined;
  #workers: BeeQueue[] = [];

  constructor(concurrency = 50) {
    this.name = 'bee-queue';
    this.#concurrency = concurrency;
  }

  async open(site: Site): Promise<void> {
    this.#site = site;
    for (const queue of site.queues) this.#producers.set(queue, await connected(site, queue, false));
    this.#workers = await this.#prepareWorkers();
  }

  publish(body: unknown, queue: string, settled: Settled): void {
    this.#producers
      .get(queue)
      ?.createJob(body)
      .save()
      .then(() => settled(), settled);
  }

  async consume(_prefetch: number, { handle, acked }: Handlers): Promise<Stop> {
    const workers = this.#workers;
    for (const worker of workers) {
      worker.on('succeeded', acked);
      worker.process(this.#concurrency, async ({ data }) => handle(data));
    }
    return async () => {
      for (const worker of workers) await worker.close();
      this.#workers = await this.#prepareWorkers();
    };
  }

  async hold(_count: number, received: () => void): Promise<void> {
    const held: BeeQueue.Job<unknown>[] = [];
    for (const worker of this.#workers) {
      worker.process(this.#concurrency, (job) => {
        held.push(job);
        received();
        return new Promise<never>(() => {});
      });
    }
  }

  async close(): Promise<void> {
    for (const queue of [...this.#workers, ...this.#producers.values()]) await queue.close();
  }

  /** Connected before they are needed: a queue processes once. */
  #prepareWorkers(): Promise<BeeQueue[]> {
    const site = this.#site as Site;
    return Promise.all(site.queues.map((queue) => connected(site, queue, true)));
  }
}

export const beeQueueLayout: Layout = {
  async fill(_redis: Redis, site: Site, count: number, body: unknown): Promise<void> {
    const producer = await connected(site, site.queues[0] ?? '', false);
    for (let left = count; left > 0; left -= batch) {
      await producer.saveAll(Array.from({ length: Math.min(batch, left) }, () => producer.createJob(body)));
    }
    await producer.close();
  },
  async size(redis: Redis, site: Site): Promise<number> {
    let size = 0;
    for (const queue of site.queues) {
      for (const list of ['waiting', 'active']) size += await redis.llen(`${site.keyPrefix}bee:${queue}:${list}`);
    }
    return size;
  },
};

function connected({ url, keyPrefix }: Site, queue: string, isWorker: boolean): Promise<BeeQueue> {
  return new BeeQueue(queue, {
    redis: { url },
    prefix: `${keyPrefix}bee`,
    isWorker,
    // What is done leaves nothing behind, as acked messages do not, and nobody asks for events.
    removeOnSuccess: true,
    storeJobs: false,
    getEvents: false,
    sendEvents: false,
  }).ready();
}
