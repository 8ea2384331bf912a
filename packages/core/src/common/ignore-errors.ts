import { ChannelError, ConnectionError } from '../errors.ts';

/**
 * Runs `work` and gives undefined when the connection or the channel broke under it: for goodbyes to a broker that may be
 * gone. Everything else passes through. As `kombu.common.ignore_errors`.
 */
export async function ignoreErrors<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ConnectionError || error instanceof ChannelError) return undefined;
    throw error;
  }
}
