/**
 * The node of a message: `entry-006-0000000042` is the 43rd one of its queue and of priority 3, as Kombu writes it. What was
 * given back has the number of its deliveries behind it, `entry-006-0000000042.1`: sorted as text, in Python too, it stands
 * where it stood.
 */
const pattern = /^(entry-\d{3}-)(-?\d{9,10})(?:\.(\d{1,9}))?$/;

export function isEntry(name: string): boolean {
  return pattern.test(name);
}

/** What the server adds the number to. Low numbers come first, so that 9 is written as 0. */
export function entryPrefix(priority: number): string {
  return `entry-${String(9 - priority).padStart(3, '0')}-`;
}

/** Without its number. */
export function prefixOf(entry: string): string {
  return pattern.exec(entry)?.[1] ?? entryPrefix(0);
}

/** How often it was delivered before. */
export function deliveriesOf(entry: string): number {
  return Number(pattern.exec(entry)?.[3] ?? 0);
}

/** The name under which it goes back. */
export function returned(entry: string): string {
  return entry.replace(pattern, `$1$2.${deliveriesOf(entry) + 1}`);
}

/** What waits in a queue, the first to be delivered first. */
export function inOrder(names: readonly string[]): string[] {
  return names.filter(isEntry).toSorted();
}
