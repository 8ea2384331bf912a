import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** The bytes of all objects that are still reachable. */
export function heapUsed(): number {
  collect();
  return process.memoryUsage().heapUsed;
}

/** How long the work takes, in milliseconds. Only good for comparing two of them. */
export function timed(work: () => void): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}
