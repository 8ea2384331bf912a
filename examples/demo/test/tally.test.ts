import { Tally } from '../src/tally.ts';

function tallyOf(steps: (tally: Tally) => void): Tally {
  const tally = new Tally(['a', 'b']);
  for (const id of ['a', 'b']) {
    tally.delivered(id, true);
    tally.acked(id);
  }
  steps(tally);
  return tally;
}

describe('a tally', () => {
  it('finds nothing wrong when all came and was acked', () => {
    const tally = tallyOf(() => {});
    expect(tally.problems()).toEqual([]);
    expect(tally.outstanding).toBe(0);
  });

  it('counts a requeue as one more delivery', () => {
    const tally = new Tally(['a']);
    expect(tally.delivered('a', true)).toBe(0);
    tally.requeued('a');
    expect(tally.problems()).toContain('1 given back and did not come again: a');
    expect(tally.delivered('a', true)).toBe(1);
    expect(tally.acked('a')).toBe(true);
    expect(tally.acked('a')).toBe(false);
    expect(tally.problems()).toEqual([]);
    expect(tally.totals).toEqual({ expected: 1, routed: 1, delivered: 2, acked: 2, requeued: 1 });
  });

  it.each<[string, (tally: Tally) => void]>([
    ['1 came more often than was asked for: a', (tally) => tally.delivered('a', true)],
    ['1 came to the wrong queue: x', (tally) => tally.delivered('x', true)],
    ['1 came and could not be acked: x', (tally) => tally.delivered('x', true)],
    ['1 came with another body: b', (tally) => tally.delivered('b', false)],
  ])('says: %s', (problem, steps) => {
    expect(tallyOf(steps).problems()).toContain(problem);
  });

  it('names five of many', () => {
    const tally = new Tally(['1', '2', '3', '4', '5', '6', '7']);
    expect(tally.problems()).toEqual(['7 never came: 1, 2, 3, 4, 5, and 2 more']);
    expect(tally.outstanding).toBe(7);
  });
});
