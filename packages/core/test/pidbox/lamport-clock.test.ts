import * as fc from 'fast-check';
import { compareTimes, earliest, LamportClock } from '../../src/pidbox/lamport-clock.ts';

const at = (clock: number | undefined, id: string, timestamp = 0) => ({ clock, id, timestamp });

describe('behaviour 26: the logical clock', () => {
  it('moves one step for what happens here, and past what is heard', () => {
    const clock = new LamportClock();
    expect(clock.forward()).toBe(1);
    expect(clock.adjust(10)).toBe(11);
    expect(clock.adjust(3)).toBe(12);
    expect(clock.value).toBe(12);
    expect(new LamportClock(312).forward()).toBe(313);
  });

  it('never goes back, whatever is heard', () => {
    fc.assert(
      fc.property(fc.array(fc.nat()), (heard) => {
        const clock = new LamportClock();
        for (const other of heard) {
          const before = clock.value;
          expect(clock.adjust(other)).toBeGreaterThan(Math.max(before, other));
        }
      }),
    );
  });
});

describe('behaviour 26: the order of events', () => {
  it('is that of their clocks', () => {
    expect([at(3, 'a'), at(1, 'c'), at(2, 'b')].toSorted(compareTimes).map(({ clock }) => clock)).toEqual([1, 2, 3]);
  });

  it('is that of the processes at the same clock, whatever their wall clocks say', () => {
    expect([at(1, 'b', 1), at(1, 'a', 2)].toSorted(compareTimes).map(({ id }) => id)).toEqual(['a', 'b']);
  });

  it('is that of the wall clocks where one has no logical clock', () => {
    for (const none of [undefined, 0]) {
      expect([at(none, 'a', 2), at(7, 'b', 1)].toSorted(compareTimes).map(({ id }) => id)).toEqual(['b', 'a']);
    }
  });

  it('gives the earliest of a sorted list: among the first equal clocks the lowest process', () => {
    expect(earliest([at(1, 'c'), at(1, 'a'), at(1, 'b'), at(2, '0')])).toMatchObject({ id: 'a' });
    expect(earliest([at(1, 'c'), at(2, 'a')])).toMatchObject({ id: 'c' });
    expect(earliest([at(1, 'c')])).toMatchObject({ id: 'c' });
    expect(earliest([])).toBeUndefined();
  });
});
