import type { Channel } from '../client/channel.ts';
import type { Connection } from '../client/connection.ts';
import type { ConnectionPool } from '../client/pools.ts';
import type { WaitOptions } from '../reliability/deadline.ts';
import type { RetryPolicy } from '../reliability/retry.ts';

/**
 * Runs `work` on a connection of the pool, and again after a reconnect when the link broke under it. As
 * `kombu.common.insured`.
 */
export async function insured<T>(
  pool: ConnectionPool,
  work: (channel: Channel, connection: Connection) => Promise<T>,
  policy: RetryPolicy = {},
  wait: WaitOptions = {},
): Promise<T> {
  const lease = await pool.acquire(wait);
  try {
    const connection = lease.value;
    return await connection.autoretry((channel) => work(channel, connection), policy)();
  } finally {
    lease.release();
  }
}
