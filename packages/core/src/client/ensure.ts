import type { KombuError } from '../errors.ts';
import { isConnectionError } from '../errors.ts';
import type { RetryPolicy } from '../reliability/retry.ts';
import { completePolicy, retryOverTime } from '../reliability/retry.ts';
import type { ConnectionHost } from './connection-host.ts';

/** Runs `operation`, and again after a reconnect when the link or the channel broke under it, as the policy says. */
export function ensure<T>(host: ConnectionHost, operation: () => Promise<T>, retryPolicy: RetryPolicy): Promise<T> {
  const policy = completePolicy({ maxRetries: 10, ...retryPolicy });
  const { clock, random, supervisor } = host;
  const attempt = async (failures: number): Promise<T> => {
    if (failures > 0) await host.ready({ timeout: policy.timeout }, 'Reconnecting');
    return operation();
  };
  return retryOverTime(attempt, policy, { clock, random, signal: supervisor.closeSignal, isRetryable: isRecoverable });
}

function isRecoverable(error: unknown): boolean {
  return isConnectionError(error) || (error as KombuError).code === 'CHANNEL_ERROR';
}
