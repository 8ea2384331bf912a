import { batchSize } from './limits.ts';

/** Calls that are under way at the same time, for one batch of core. */
const concurrency = 10;

/** Cuts a list into what one call of SQS takes. */
export function batchesOf<T>(items: readonly T[]): readonly (readonly T[])[] {
  const count = Math.ceil(items.length / batchSize);
  return Array.from({ length: count }, (_, index) => items.slice(index * batchSize, (index + 1) * batchSize));
}

/** Does the work for all items, some at a time, the first ones first. Rejects with the first error once all is done. */
export async function forEachOf<T>(
  items: readonly T[],
  work: (item: T) => Promise<void>,
  width: number = concurrency,
): Promise<void> {
  const rest = items.values();
  const errors: unknown[] = [];
  const lane = async (): Promise<void> => {
    for (const item of rest) await work(item).catch((error: unknown) => void errors.push(error));
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, lane));
  if (errors.length > 0) throw errors[0];
}
