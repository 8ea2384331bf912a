import type { ConnectionOptions, Job } from 'bullmq';
import { Queue, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Layout } from '../backlogs/redis-backlog.ts';
import type { Client, Settled, Handlers, Site, Stop } from '../client.ts';

/** Jobs that are done leave nothing behind, as acked messages do not. */
const defaultJobOptions = { removeOnComplete: true, removeOnFail: true };

/** Added in one call. */
const batch = 500;

/** BullMQ: a job for each message, and workers that run `concurrency` of them at a time. */
export class BullmqClient implements Client {
  readonly name: string;
  readonly #concurrency: number;
  readonly #queues = new Map<string, Queue>();
  #site: Site | undefined;
  #workers: Worker[] = [];
  #process: (job: Job) => Promise<unknown> = async () => undefined;
  #completed: () => void = () => {};

  constructor(concurrency = 50) {
    this.name = 'BullMQ';
    this.#concurrency = concurrency;
  }

  async open(site: Site): Promise<void> {
    this.#site = site;
    for (const name of site.queues) {
      const queue = new Queue(name, { ...connectionOf(site), defaultJobOptions });
      await queue.waitUntilReady();
      this.#queues.set(name, queue);
    }
    this.#workers = await this.#prepareWorkers();
  }

  publish(body: unknown, queue: string, settled: Settled): void {
    this.#queues
      .get(queue)
      ?.add('bench', body)
      .then(() => settled(), settled);
  }

  async consume(_prefetch: number, { handle, acked }: Handlers): Promise<Stop> {
    this.#process = async (job) => handle(job.data);
    this.#completed = acked;
    const workers = this.#workers;
    for (const worker of workers) void worker.run();
    return async () => {
      for (const worker of workers) await worker.close();
      this.#workers = await this.#prepareWorkers();
    };
  }

  async hold(_count: number, received: () => void): Promise<void> {
    const held: Job[] = [];
    this.#process = (job) => {
      held.push(job);
      received();
      return new Promise<never>(() => {});
    };
    for (const worker of this.#workers) void worker.run();
  }

  async close(): Promise<void> {
    for (const worker of this.#workers) await worker.close();
    for (const queue of this.#queues.values()) await queue.close();
  }

  /** Connected before they are needed: a worker that was closed is of no further use. */
  #prepareWorkers(): Promise<Worker[]> {
    const { queues = [] } = this.#site ?? {};
    return Promise.all(queues.map((queue) => this.#prepareWorker(queue)));
  }

  async #prepareWorker(queue: string): Promise<Worker> {
    const worker = new Worker(queue, (job) => this.#process(job), {
      ...connectionOf(this.#site as Site),
      concurrency: this.#concurrency,
      // Long enough for those who hold jobs not to renew their locks meanwhile.
      lockDuration: 600_000,
      autorun: false,
    });
    worker.on('completed', () => this.#completed());
    await worker.waitUntilReady();
    return worker;
  }
}

export const bullmqLayout: Layout = {
  async fill(_redis: Redis, site: Site, count: number, body: unknown): Promise<void> {
    const queue = new Queue(site.queues[0] ?? '', { ...connectionOf(site), defaultJobOptions });
    for (let left = count; left > 0; left -= batch) {
      await queue.addBulk(Array.from({ length: Math.min(batch, left) }, () => ({ name: 'bench', data: body })));
    }
    await queue.close();
  },
  async size(redis: Redis, site: Site): Promise<number> {
    let size = 0;
    for (const queue of site.queues) {
      for (const list of ['wait', 'active']) size += await redis.llen(`${site.keyPrefix}bull:${queue}:${list}`);
    }
    return size;
  },
};

function connectionOf({ url, keyPrefix }: Site): { readonly connection: ConnectionOptions; readonly prefix: string } {
  return { connection: { url, maxRetriesPerRequest: null }, prefix: `${keyPrefix}bull` };
}
