import { randomUUID } from 'node:crypto';
import { Exchange } from '../client/exchange.ts';
import type { QueueOptions } from '../client/queue-options.ts';
import { Queue } from '../client/queue.ts';

export interface BroadcastOptions extends Omit<QueueOptions, 'exchange'> {
  /** The name of the queue. @default a new one */
  readonly queue?: string | undefined;
  /** Add something unique to the given name, so that each process has a queue of its own. @default false */
  readonly unique?: boolean | undefined;
  /** @default a durable fanout exchange of the broadcast's name */
  readonly exchange?: Exchange | undefined;
}

/**
 * A queue of one's own on a fanout exchange: everybody who consumes from a broadcast of this name gets all its messages. As
 * `kombu.common.Broadcast`.
 */
export class Broadcast<T = unknown> extends Queue<T> {
  constructor(name: string, options: BroadcastOptions = {}) {
    const { queue, unique = false, exchange, ...rest } = options;
    super(queueName(queue, unique), {
      autoDelete: true,
      alias: name,
      ...rest,
      exchange: exchange ?? new Exchange(name, { type: 'fanout' }),
    });
  }
}

function queueName(given: string | undefined, unique: boolean): string {
  if (given === undefined) return `bcast.${randomUUID()}`;
  return unique ? `${given}.${randomUUID()}` : given;
}
