import { InvalidArgumentError } from '../../src/errors.ts';
import type { FailoverStrategy } from '../../src/reliability/failover.ts';
import { failover } from '../../src/reliability/failover.ts';

const urls = ['a', 'b', 'c', 'd'];

function take(iterator: Iterator<string>, count: number): unknown[] {
  return Array.from({ length: count }, () => iterator.next().value as unknown);
}

describe('failover', () => {
  it('round-robin goes over the list again and again', () => {
    expect(take(failover('round-robin', urls, Math.random), 6)).toEqual(['a', 'b', 'c', 'd', 'a', 'b']);
  });

  it('shuffle tries every URL once in each lap, in an order that the random source decides', () => {
    let seed = 0;
    const order = failover('shuffle', urls, () => ((seed += 7) % 10) / 10);
    const laps = [take(order, 4), take(order, 4), take(order, 4)];
    for (const lap of laps) expect(new Set(lap)).toEqual(new Set(urls));
    expect(new Set(laps.map(String)).size).toBeGreaterThan(1);
    expect(urls).toEqual(['a', 'b', 'c', 'd']);
  });

  it('takes a strategy of the caller', () => {
    const order = failover((all) => all.toReversed()[Symbol.iterator](), urls, Math.random);
    expect(take(order, 5)).toEqual(['d', 'c', 'b', 'a', undefined]);
  });

  it('refuses an unknown name', () => {
    expect(() => failover('fastest' as FailoverStrategy, urls, Math.random)).toThrow(InvalidArgumentError);
  });
});
