import type { DeclaredQueue } from './declared-queue.ts';

/** The priority under which a message is kept: no higher than the queue allows. */
export function storedPriority(priority: number | undefined, queue: DeclaredQueue | undefined): number {
  const most = queue?.policy.maxPriority ?? 9;
  return Math.min(priority ?? 0, most);
}
