import * as fc from 'fast-check';

import { seeded } from '../../src/fault/random.ts';

describe('seeded', () => {
  it('gives the same numbers in [0, 1) for the same seed', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const [one, other] = [seeded(seed), seeded(seed)];
        for (let index = 0; index < 20; index++) {
          const number = one();
          expect(number).toBe(other());
          expect(number).toBeGreaterThanOrEqual(0);
          expect(number).toBeLessThan(1);
        }
      }),
    );
  });

  it('spreads evenly, and differently for neighbouring seeds', () => {
    const buckets = Array.from({ length: 10 }, () => 0);
    const random = seeded(42);
    for (let index = 0; index < 10_000; index++) {
      const bucket = Math.floor(random() * 10);
      buckets[bucket] = (buckets[bucket] ?? 0) + 1;
    }
    // Ten standard deviations around 1000: the seed is fixed, so this cannot fail by chance.
    for (const count of buckets) expect(Math.abs(count - 1000)).toBeLessThan(300);
    expect(new Set(Array.from({ length: 1000 }, (_, seed) => seeded(seed)())).size).toBeGreaterThan(990);
  });
});
