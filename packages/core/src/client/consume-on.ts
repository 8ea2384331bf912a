import type { WaitOptions } from '../reliability/deadline.ts';
import type { ConsumerOptions, Handler, Queues } from './consumer-options.ts';
import { Consumer } from './consumer.ts';
import type { Place } from './host.ts';
import type { Message } from './message.ts';

/** Makes a consumer with a handler and starts it; closes it again when it cannot be started. */
export async function consumeOn<T>(
  place: Place,
  queues: Queues<T>,
  handler: Handler<T>,
  options: Omit<ConsumerOptions<T>, 'queues' | 'handler'> & WaitOptions,
): Promise<Consumer<T>> {
  const { timeout, signal, ...rest } = options;
  const consumer = new Consumer<T>(place, { ...rest, queues, handler });
  try {
    await consumer.consume({ timeout, signal });
  } catch (error) {
    await consumer.close({ timeout: 0 });
    throw error;
  }
  return consumer;
}

/** The messages of queues, one by one, until `signal` fires. */
export async function* messagesOn<T>(
  place: Place,
  queues: Queues<T>,
  options: Omit<ConsumerOptions<T>, 'queues' | 'handler'> & { readonly signal?: AbortSignal },
): AsyncGenerator<Message<T>, void, undefined> {
  const { signal, ...rest } = options;
  const consumer = new Consumer<T>(place, { ...rest, queues });
  const stop = (): void => {
    consumer
      .cancel()
      .catch((error: unknown) => place.internals.logger.warn('An iteration could not be ended politely', { error }));
  };
  try {
    if (signal?.aborted) return;
    signal?.addEventListener('abort', stop, { once: true });
    await consumer.consume({ signal }).catch((error: unknown) => {
      if (!signal?.aborted) throw error;
    });
    if (signal?.aborted) return;
    yield* { [Symbol.asyncIterator]: () => consumer[Symbol.asyncIterator]() };
  } finally {
    signal?.removeEventListener('abort', stop);
    await consumer.close({ timeout: 0 });
  }
}
