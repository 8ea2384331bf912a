import { randomUUID } from 'node:crypto';
import type { Site } from '../client.ts';

/** The queues of one contender, filled and looked after from outside of it. */
export interface Backlog {
  /** Connects, and makes the queues. Rejects with AbsentError when there is no broker. */
  open(): Promise<Site>;
  /** Puts `count` messages into the first queue, in the format that the contender reads. */
  fill(count: number, body: unknown): Promise<void>;
  /** How many messages are there: waiting, or taken and not acked where the broker's storage tells. */
  size(): Promise<number>;
  clear(): Promise<void>;
  /** Removes the queues and disconnects. */
  close(): Promise<void>;
}

/** Names that no other run has. */
export function queueNames(count: number): readonly string[] {
  const run = `kombu-bench-${randomUUID()}`;
  return Array.from({ length: count }, (_, index) => `${run}-${index}`);
}
