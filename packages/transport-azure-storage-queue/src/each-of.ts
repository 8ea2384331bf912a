/**
 * Does the same with all items, with so many under way at a time, and gives the results in the order of the items. Rejects with
 * the first failure, when nothing is under way any more.
 */
export async function eachOf<T, R>(
  items: readonly T[],
  concurrency: number,
  work: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const entries = items.entries();
  const lane = async (): Promise<void> => {
    // One iterator for all lanes: each takes the next item that none has.
    for (const [index, item] of entries) results[index] = await work(item, index);
  };
  const lanes = await Promise.allSettled(Array.from({ length: Math.min(concurrency, items.length) }, lane));
  for (const end of lanes) if (end.status === 'rejected') throw end.reason;
  return results;
}
