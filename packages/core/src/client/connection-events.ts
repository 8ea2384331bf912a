import type { ReturnedMessage } from '../spi/envelope.ts';
import type { ConnectionState } from './link-status.ts';

/** The events of a connection, for `connection.on(name, listener)`. */
export interface ConnectionEvents {
  state: { readonly state: ConnectionState; readonly error: Error | undefined };
  /** The broker blocks publishers for want of memory or disk, or no longer does. */
  blocked: { readonly blocked: boolean; readonly reason: string | undefined };
  /** The broker cancelled a consumer, for its queue was deleted; it is being set up again. */
  consumerCancelled: { readonly queue: string; readonly consumerTag: string; readonly reason: Error | undefined };
  /**
   * A consumer whose queue keeps nothing while it is away was started again: what was published since then, in milliseconds
   * since 1970, it may have missed. Only brokers with such queues tell, where a fanout exchange broadcasts and does not store.
   */
  gap: { readonly queue: string; readonly consumerTag: string; readonly since: number };
  /** A consumer could not be set up again and stays off. */
  consumerError: { readonly queue: string; readonly error: Error };
  /** An unroutable message came back that nobody waited for. */
  returned: ReturnedMessage;
}
