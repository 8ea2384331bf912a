import type { ConnectionPool } from '../client/pools.ts';
import { Producer } from '../client/producer.ts';
import type { ProducerOptions } from '../client/publish-options.ts';
import { ResourcePool, type PooledResource } from '../client/resource-pool.ts';
import type { WaitOptions } from '../reliability/deadline.ts';

/** Producers, each on a connection that it borrows from another pool for the time of its loan. As `kombu.pools.ProducerPool`. */
export class ProducerPool implements AsyncDisposable {
  readonly #connections: ConnectionPool;
  readonly #options: ProducerOptions;
  /** The loans that may be out at a time. */
  readonly #loans: ResourcePool<object>;

  /** @param limit - 0: only that of the connections. */
  constructor(connections: ConnectionPool, limit = 0, options: ProducerOptions = {}) {
    this.#connections = connections;
    this.#options = options;
    this.#loans = new ResourcePool<object>(
      { create: () => ({}), close: async () => {}, isUsable: () => true },
      connections.clock,
      limit,
    );
  }

  /** As `ResourcePool.acquire`; the producer is ready when its connection is. */
  async acquire(wait: WaitOptions = {}): Promise<PooledResource<Producer>> {
    const loan = await this.#loans.acquire(wait);
    let connection;
    try {
      connection = await this.#connections.acquire(wait);
      return leaseOf(new Producer(connection.value, this.#options), [connection, loan]);
    } catch (error) {
      connection?.release();
      loan.release();
      throw error;
    }
  }

  /** As `ResourcePool.use`. */
  async use<T>(work: (producer: Producer) => Promise<T>, wait: WaitOptions = {}): Promise<T> {
    await using lease = await this.acquire(wait);
    return await work(lease.value);
  }

  /** As `ResourcePool.resize`. */
  resize(limit: number, options: { readonly force?: boolean } = {}): Promise<void> {
    return this.#loans.resize(limit, options);
  }

  /** No more producers from here; the connections are their own pool's. */
  close(): Promise<void> {
    return this.#loans.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function leaseOf(producer: Producer, loans: readonly PooledResource<unknown>[]): PooledResource<Producer> {
  const release = (): void => {
    for (const loan of loans) loan.release();
  };
  const replace = async (): Promise<void> => {
    await Promise.all(loans.map((loan) => loan.replace()));
  };
  return { value: producer, release, replace, [Symbol.asyncDispose]: async () => release() };
}
