import type { Body } from '../bodies.ts';
import type { Contender } from '../contender.ts';
import { loop } from '../contender.ts';

/** Messages in flight at a time. */
const window = 1000;

/** The limit of anything in memory: JSON texts in an array, no promise, no ack. */
export function arrayJson({ value }: Body): Contender {
  let handled = 0;
  const handle = (body: unknown): void => {
    if (typeof body === 'object') handled += 1;
  };
  return loop('array + JSON', (count) => {
    handled = 0;
    for (let left = count; left > 0; left -= window) {
      const queue: string[] = [];
      for (let index = Math.min(window, left); index > 0; index -= 1) queue.push(JSON.stringify(value));
      for (const text of queue) handle(JSON.parse(text));
    }
    if (handled !== count) throw new Error(`handled ${handled} of ${count}`);
  });
}
