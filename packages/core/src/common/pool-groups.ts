import type { Connection } from '../client/connection.ts';
import { ConnectionPool } from '../client/pools.ts';
import { ProducerPool } from './producer-pool.ts';
import { settingsKey } from './settings-key.ts';

/** What a group needs of its pools. */
interface GroupedPool {
  resize(limit: number, options: { readonly force: boolean }): Promise<void>;
  close(): Promise<void>;
}

const defaultLimit = 10;

/**
 * One pool for each broker: connections with the same settings share one. As `kombu.pools.PoolGroup`; the groups of the whole
 * process are {@link connections} and {@link producers}.
 */
export class PoolGroup<Pool extends GroupedPool> {
  readonly #make: (connection: Connection, limit: number) => Pool;
  readonly #pools = new Map<string, Pool>();
  #limit: number;

  /** @param limit - Of each pool; 0: none. Default 10. */
  constructor(make: (connection: Connection, limit: number) => Pool, limit: number = defaultLimit) {
    this.#make = make;
    this.#limit = limit;
  }

  get limit(): number {
    return this.#limit;
  }

  /** The pool for connections like this one, made on first use. */
  for(connection: Connection): Pool {
    const key = settingsKey(connection);
    let pool = this.#pools.get(key);
    if (!pool) this.#pools.set(key, (pool = this.#make(connection, this.#limit)));
    return pool;
  }

  /** Changes the limit of all pools, those to come included. */
  async setLimit(limit: number, { force = false }: { readonly force?: boolean } = {}): Promise<void> {
    await Promise.all(Array.from(this.#pools.values(), (pool) => pool.resize(limit, { force })));
    this.#limit = limit;
  }

  /** Closes and forgets all pools. */
  async reset(): Promise<void> {
    const pools = [...this.#pools.values()];
    this.#pools.clear();
    await Promise.all(pools.map((pool) => pool.close()));
  }
}

/** The connection pools of this process. */
export const connections: PoolGroup<ConnectionPool> = new PoolGroup(
  (connection, limit) => new ConnectionPool(connection, limit),
);

/** The producer pools of this process, on the connections of {@link connections}. */
export const producers: PoolGroup<ProducerPool> = new PoolGroup(
  (connection, limit) => new ProducerPool(connections.for(connection), limit),
);
