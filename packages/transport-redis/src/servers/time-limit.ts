import { ConnectionError, type Clock } from '@kombu/core/spi';

/** Works with a signal that also fires, with an error of ours, when the time is over. */
export async function withinTime<T>(
  ms: number,
  clock: Clock,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = new AbortController();
  const error = new ConnectionError(`Redis took longer than ${ms} ms to accept the connection`, {
    code: 'CONNECTION_FAILED',
  });
  const timer = clock.setTimeout(() => late.abort(error), ms);
  try {
    return await work(AbortSignal.any([signal, late.signal]));
  } finally {
    clock.clearTimeout(timer);
  }
}
