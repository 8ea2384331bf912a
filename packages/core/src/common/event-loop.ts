import type { Connection } from '../client/connection.ts';
import { Consumer } from '../client/consumer.ts';
import type { ConsumerOptions, Queues } from '../client/consumer-options.ts';
import type { Place } from '../client/host.ts';
import type { Message } from '../client/message.ts';
import { TimeoutError } from '../errors.ts';
import { bounded } from '../reliability/deadline.ts';

export interface EventLoopOptions {
  /** End after so many rounds. @default never */
  readonly limit?: number | undefined;
  /** Milliseconds that one round may take. @default without a bound */
  readonly timeout?: number | undefined;
  /** A round in which nothing happened is a round like any other. @default false: TimeoutError */
  readonly ignoreTimeouts?: boolean | undefined;
  /** Ends the loop. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * One round for each event that is handled on the connection: for programs that do something in between. As
 * `kombu.common.eventloop`.
 */
export async function* eventLoop(
  connection: Connection,
  { limit = Infinity, timeout, ignoreTimeouts = false, signal }: EventLoopOptions = {},
): AsyncGenerator<void, void, undefined> {
  for (let round = 0; round < limit; round += 1) {
    if (signal?.aborted) return;
    try {
      await connection.drainEvents({ ...(timeout === undefined ? {} : { timeout }), ...(signal ? { signal } : {}) });
    } catch (error) {
      if (signal?.aborted) return;
      if (!(error instanceof TimeoutError) || !ignoreTimeouts) throw error;
    }
    yield;
  }
}

export interface DrainOptions {
  /** How many messages at most. @default 1 */
  readonly limit?: number | undefined;
  /** Milliseconds to wait for each; when they pass the messages end quietly. @default without a bound */
  readonly timeout?: number | undefined;
}

/** The next messages of a consumer without a handler, which is closed afterwards. As `kombu.common.drain_consumer`. */
export async function* drainConsumer<T>(
  consumer: Consumer<T>,
  { limit = 1, timeout }: DrainOptions = {},
): AsyncGenerator<Message<T>, void, undefined> {
  const messages = consumer[Symbol.asyncIterator]();
  try {
    for (let count = 0; count < limit; count += 1) {
      const next = messages.next();
      const result = await bounded(
        next,
        timeout === undefined ? {} : { timeout },
        consumer.internals.clock,
        'Draining a consumer',
      );
      if (result.done) return;
      yield result.value;
    }
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
  } finally {
    // What comes after the time is up was handed to nobody and goes back.
    await messages.return?.();
  }
}

/** The next messages of queues. As `kombu.common.itermessages`. */
export async function* iterMessages<T = unknown>(
  place: Place,
  queues: Queues<T>,
  { limit, timeout, ...options }: DrainOptions & Omit<ConsumerOptions<T>, 'queues' | 'handler'> = {},
): AsyncGenerator<Message<T>, void, undefined> {
  yield* drainConsumer(new Consumer<T>(place, { ...options, queues }), { limit, timeout });
}
