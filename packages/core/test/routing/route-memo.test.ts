import { RouteMemo } from '../../src/routing/route-memo.ts';

describe('RouteMemo', () => {
  it('gives back the very array that it was given', () => {
    const memo = new RouteMemo(10_000);
    const route = ['q'];
    memo.set('x', 'k', route);
    expect(memo.get('x', 'k')).toBe(route);
    expect(memo.get('x', 'other')).toBeUndefined();
    expect(memo.get('y', 'k')).toBeUndefined();
  });

  it('does not mix up exchanges and keys that join to the same text', () => {
    const memo = new RouteMemo(10_000);
    memo.set('a', 'b.c', ['1']);
    memo.set('a.b', 'c', ['2']);
    memo.set('a.b.c', '', ['3']);
    memo.set('', 'a.b.c', ['4']);
    memo.set('__proto__', 'constructor', ['5']);
    expect([
      memo.get('a', 'b.c'),
      memo.get('a.b', 'c'),
      memo.get('a.b.c', ''),
      memo.get('', 'a.b.c'),
      memo.get('__proto__', 'constructor'),
      memo.get('constructor', '__proto__'),
    ]).toEqual([['1'], ['2'], ['3'], ['4'], ['5'], undefined]);
  });

  it.each([
    ['many keys', (i: number) => [`key${i}`, ['q']] as const],
    ['long keys', (i: number) => [`${i}`.padEnd(5_000, 'x'), ['q']] as const],
    ['long routes', (i: number) => [`key${i}`, Array.from({ length: 1_000 }, () => 'q')] as const],
  ])('stays within its budget: %s', (_name, nth) => {
    const budget = 50_000;
    const memo = new RouteMemo(budget);
    let most = 0;
    for (let i = 0; i < 2_000; i += 1) {
      const [key, queues] = nth(i);
      memo.set('x', key, queues);
      expect(memo.get('x', key)).toBe(queues);
      const perRoute = 2 * key.length + 8 * queues.length;
      most = Math.max(most, memo.size * perRoute);
    }
    expect(most).toBeLessThanOrEqual(budget);
    expect(most).toBeGreaterThan(0);
  });

  it('leaves alone what is larger than the whole budget', () => {
    const memo = new RouteMemo(1_000);
    memo.set('x', 'small', ['q']);
    memo.set('x', 'k'.repeat(1_000), ['q']);
    expect(memo.size).toBe(1);
    expect(memo.get('x', 'small')).toEqual(['q']);
  });

  it('forgets everything when it is cleared', () => {
    const memo = new RouteMemo(1_000);
    memo.set('x', 'k', ['q']);
    memo.clear();
    expect(memo.size).toBe(0);
    expect(memo.get('x', 'k')).toBeUndefined();
  });
});
