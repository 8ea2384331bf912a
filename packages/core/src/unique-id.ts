import { randomUUID } from 'node:crypto';

/** The random part, one for each process and thread; `xxxxxxxx-xxxx-4xxx-yxxx-`. */
const prefix = randomUUID().slice(0, 24);

let count = 0;

/**
 * An id that no other process or thread makes, in the form of a UUID of version 4: a random part, and a count in place of the
 * last twelve digits. A new random number for each message would cost several times as much.
 */
export function uniqueId(): string {
  count += 1;
  return prefix + count.toString(16).padStart(12, '0');
}
