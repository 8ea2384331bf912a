import { randomBytes } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import type { Clock, Target } from '@kombu/core/spi';
import { silentLogger, systemClock } from '@kombu/core/spi';
import { parseAccountUrl } from '../../src/account-url.ts';
import { connect } from '../../src/connect.ts';
import { readOptions, type AzureStorageQueueTransportOptions } from '../../src/options.ts';
import type { AzureStorageQueueStore } from '../../src/store.ts';

/** A prefix for names of queues that no other test file has. */
export function newPrefix(): string {
  return `t${randomBytes(4).toString('hex')}-`;
}

export const never: AbortSignal = new AbortController().signal;
setMaxListeners(0, never);

export function targetOf(url: string, options: AzureStorageQueueTransportOptions = {}): Target {
  const parsed = parseAccountUrl(url);
  const rest = { userid: undefined, heartbeat: undefined, alternates: [], url, display: 'azurestoragequeues://**' };
  return { ...rest, ...parsed, options } as unknown as Target;
}

/** A store on a connection of its own, as a process has one. */
export function openTestStore(
  url: string,
  options: AzureStorageQueueTransportOptions = {},
  clock: Clock = systemClock,
): Promise<AzureStorageQueueStore> {
  const target = targetOf(url, options);
  const context = { clock, logger: silentLogger, random: Math.random, signal: never };
  return connect(target, readOptions(target), context);
}
