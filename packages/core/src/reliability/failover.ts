import type { Random } from '../clock.ts';
import { InvalidArgumentError } from '../errors.ts';

/** In which order the URLs of a failover list are tried: forever, one after the other. */
export type FailoverStrategy = 'round-robin' | 'shuffle' | ((urls: readonly string[]) => Iterator<string>);

function* roundRobin(urls: readonly string[]): Generator<string, never> {
  for (;;) yield* urls;
}

function* shuffle(urls: readonly string[], random: Random): Generator<string, never> {
  for (;;) {
    const order = [...urls];
    for (let last = order.length - 1; last > 0; last -= 1) {
      const other = Math.floor(random() * (last + 1));
      [order[last], order[other]] = [order[other] as string, order[last] as string];
    }
    yield* order;
  }
}

/** The iterator that a strategy gives for these URLs. Throws InvalidArgumentError for an unknown name. */
export function failover(strategy: FailoverStrategy, urls: readonly string[], random: Random): Iterator<string> {
  if (typeof strategy === 'function') return strategy(urls);
  if (strategy === 'round-robin') return roundRobin(urls);
  if (strategy === 'shuffle') return shuffle(urls, random);
  throw new InvalidArgumentError(
    `failoverStrategy must be 'round-robin', 'shuffle' or a function, not ${String(strategy)}`,
  );
}
