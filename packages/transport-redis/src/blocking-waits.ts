import type { Clock, Logger } from '@kombu/core/spi';
import type { QueueKeys } from './keys.ts';
import type { RedisOptions } from './options.ts';
import type { BlockingConnection, Servers } from './servers/servers.ts';

export interface BlockingWaitsParts {
  readonly servers: Servers;
  readonly options: RedisOptions;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A connection on which one queue is waited for, and the wait under way. */
interface BlockedQueue {
  readonly connection: Promise<BlockingConnection>;
  waiting: Promise<void> | undefined;
}

/**
 * Waits by commands that block, each queue on a connection of its own: for servers that do not tell of changes. The command
 * moves the next message of a list to the place where it is, so that it is only looked at.
 */
export class BlockingWaits {
  readonly #parts: BlockingWaitsParts;
  readonly #queues = new Map<string, BlockedQueue>();

  constructor(parts: BlockingWaitsParts) {
    this.#parts = parts;
  }

  /** Until there may be a message, at most for the time given or a polling interval, or until the signal fires. */
  async wait(keys: QueueKeys, ms: number, signal: AbortSignal): Promise<void> {
    const { clock, options } = this.#parts;
    const queue = this.#of(keys);
    queue.waiting ??= this.#block(keys, queue).finally(() => (queue.waiting = undefined));
    const { waiting } = queue;
    await new Promise<void>((resolve) => {
      const stop = (): void => {
        clock.clearTimeout(timer);
        signal.removeEventListener('abort', stop);
        resolve();
      };
      const timer = clock.setTimeout(stop, Math.min(ms, options.pollingInterval));
      timer.unref();
      signal.addEventListener('abort', stop);
      void waiting.then(stop);
    });
  }

  forget(name: string): void {
    const queue = this.#queues.get(name);
    this.#queues.delete(name);
    queue?.connection.then((connection) => connection.close()).catch(() => undefined);
  }

  stop(): void {
    for (const name of this.#queues.keys()) this.forget(name);
  }

  #of(keys: QueueKeys): BlockedQueue {
    let queue = this.#queues.get(keys.queue);
    if (!queue) {
      queue = { connection: this.#parts.servers.dial(keys.base), waiting: undefined };
      this.#queues.set(keys.queue, queue);
    }
    return queue;
  }

  /** The server ends the wait by itself. When its answer does not come, the connection is dead. */
  async #answered(connection: BlockingConnection, base: string): Promise<void> {
    const { clock, options } = this.#parts;
    const { pollingInterval, socketTimeout } = options;
    const timer = clock.setTimeout(() => connection.close(), pollingInterval + socketTimeout);
    timer.unref();
    try {
      await connection.call('BLMOVE', [base, base, 'RIGHT', 'RIGHT', pollingInterval / 1000]);
    } finally {
      clock.clearTimeout(timer);
    }
  }

  /** A connection that fails is replaced at the next wait; until then the queue is polled. */
  async #block({ queue: name, base }: QueueKeys, queue: BlockedQueue): Promise<void> {
    try {
      await this.#answered(await queue.connection, base);
    } catch (error) {
      this.#parts.logger.debug(`Waiting for the queue ${JSON.stringify(name)} failed; trying again`, { error });
      if (this.#queues.get(name) === queue) this.forget(name);
      await new Promise<void>((resolve) => {
        this.#parts.clock.setTimeout(resolve, this.#parts.options.pollingInterval).unref();
      });
    }
  }
}
