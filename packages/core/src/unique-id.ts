import { randomUUID } from 'node:crypto';

/** The last three digits of an id, ready made. */
const tails = Array.from({ length: 0x1000 }, (_, index) => index.toString(16).padStart(3, '0'));

let head = '';
let next = tails.length;

/**
 * An id that no other process or thread makes, in the form of a UUID of version 4. Only every 4096th is drawn: its last three
 * digits are counted up for the others, at a tenth of the cost.
 */
export function uniqueId(): string {
  if (next === tails.length) {
    head = randomUUID().slice(0, -3);
    next = 0;
  }
  const tail = tails[next] as string;
  next += 1;
  return head + tail;
}
