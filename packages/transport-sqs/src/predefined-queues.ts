import { InvalidArgumentError, checkKeys, readInteger, readText } from '@kombu/core/spi';
import { fifoSuffix } from './queue-name.ts';
import { longestLeaseMs } from './limits.ts';

/** A queue that exists, with its URL. */
export interface PredefinedQueue {
  readonly url: string;
  /**
   * How long a message stays hidden that is given back without a delay of its own, in milliseconds, by how often it was
   * delivered: `{ 1: 10_000, 2: 60_000 }`. Deliveries beyond the highest number count as that one.
   */
  readonly backoffPolicy?: Readonly<Record<number, number>>;
}

/** @throws InvalidArgumentError when it is no map of queues with URLs that fit their names. */
export function readPredefinedQueues(value: unknown, name: string): ReadonlyMap<string, PredefinedQueue> {
  const entries = Object.entries(readObject(value, name));
  return new Map(
    entries.map(([queue, given]) => [queue, readQueue(queue, readObject(given, `${name}.${queue}`), name)]),
  );
}

function readQueue(queue: string, given: Readonly<Record<string, unknown>>, name: string): PredefinedQueue {
  checkKeys(given, ['url', 'backoffPolicy'], `setting of ${name}.${queue}`);
  const url = readText(given['url'], `${name}.${queue}.url`);
  if (!URL.canParse(url)) throw new InvalidArgumentError(`${name}.${queue}.url is no URL`);
  if (url.endsWith(fifoSuffix) !== queue.endsWith(fifoSuffix)) {
    throw new InvalidArgumentError(
      `${name}.${queue}: a queue is a FIFO queue when both its name and its URL end in ${fifoSuffix}`,
    );
  }
  if (given['backoffPolicy'] === undefined) return { url };
  return { url, backoffPolicy: readPolicy(given['backoffPolicy'], `${name}.${queue}.backoffPolicy`) };
}

function readPolicy(value: unknown, name: string): Readonly<Record<number, number>> {
  const entries = Object.entries(readObject(value, name));
  return Object.fromEntries(
    entries.map(([count, ms]) => [
      readInteger(count, `A key of ${name}`, { min: 1 }),
      readInteger(ms, `${name}.${count}`, { min: 0, max: longestLeaseMs }),
    ]),
  );
}

/** @throws InvalidArgumentError */
export function readObject(value: unknown, name: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new InvalidArgumentError(`${name} must be an object`);
}

/** What the policy says for a message that was delivered so often. */
export function backoffMsOf(policy: PredefinedQueue['backoffPolicy'], deliveries: number): number {
  if (!policy) return 0;
  const last = Math.max(...Object.keys(policy).map(Number));
  return policy[Math.min(deliveries, last)] ?? 0;
}
