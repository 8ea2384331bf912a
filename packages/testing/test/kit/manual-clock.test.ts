import { gzip } from 'node:zlib';

import type { ClockTimer } from '@kombu/core/spi';
import { systemClock } from '@kombu/core/spi';
import * as fc from 'fast-check';

import { ManualClock } from '../../src/manual-clock.ts';

const later = (clock: ManualClock, ms: number): Promise<void> =>
  new Promise((resolve) => void clock.setTimeout(resolve, ms));

function badCondition(): boolean {
  throw new Error('bad condition');
}

describe('ManualClock.advance', () => {
  it('fires timers in the order of their times, those of the same time in the order in which they were set', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 30 }),
        fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 8 }),
        async (delays, steps) => {
          const clock = new ManualClock({ startAt: 0, turns: 1 });
          const fired: { index: number; at: number }[] = [];
          for (const [index, delay] of delays.entries()) {
            clock.setTimeout(() => fired.push({ index, at: clock.now() }), delay);
          }
          for (const step of steps) await clock.advance(step);
          const end = steps.reduce((sum, step) => sum + step, 0);
          const expected = delays
            .map((delay, index) => ({ index, at: Math.max(1, delay) }))
            .filter(({ at }) => at <= end)
            .toSorted((a, b) => a.at - b.at || a.index - b.index);
          expect(fired).toEqual(expected);
          expect(clock.now()).toBe(end);
          expect(clock.pending).toBe(delays.length - expected.length);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('fires exactly the timers that were not cleared', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ delay: fc.integer({ min: 1, max: 9 }), clear: fc.boolean() }), { maxLength: 30 }),
        async (plans) => {
          const clock = new ManualClock({ turns: 1 });
          const fired = new Set<number>();
          const timers = plans.map(({ delay, clear }, index) => ({
            timer: clock.setTimeout(() => fired.add(index), delay),
            clear,
          }));
          for (const { timer, clear } of timers) if (clear) clock.clearTimeout(timer);
          await clock.advance(9);
          expect([...fired].toSorted((a, b) => a - b)).toEqual(
            plans.flatMap(({ clear }, index) => (clear ? [] : [index])),
          );
          expect(clock.pending).toBe(0);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('honours a timer that a callback sets after awaiting something', async () => {
    const clock = new ManualClock({ startAt: 1000 });
    const steps: number[] = [];
    const work = (async () => {
      for (let step = 0; step < 3; step++) {
        await later(clock, 10);
        await new Promise((resolve) => setImmediate(resolve));
        steps.push(clock.now());
      }
    })();
    await clock.advance(30);
    expect(steps).toEqual([1010, 1020, 1030]);
    expect(clock.now()).toBe(1030);
    await work;
  });

  it('does not fire what is due after the end, nor what was cleared by an earlier callback', async () => {
    const clock = new ManualClock();
    const fired: string[] = [];
    const victim: ClockTimer = clock.setTimeout(() => fired.push('victim'), 5);
    clock.setTimeout(() => clock.clearTimeout(victim), 5 - 1);
    clock.setTimeout(() => fired.push('later'), 11);
    await clock.advance(10);
    expect(fired).toEqual([]);
    expect(clock.pending).toBe(1);
    expect(clock.nextAt).toBe(clock.now() + 1);
  });

  it('rejects with what a callback threw, and goes on afterwards', async () => {
    const clock = new ManualClock({ startAt: 0 });
    const fired: string[] = [];
    clock.setTimeout(() => {
      throw new Error('boom');
    }, 5);
    clock.setTimeout(() => fired.push('second'), 6);
    await expect(clock.advance(10)).rejects.toThrow('boom');
    expect(clock.now()).toBe(5);
    await clock.advance(5);
    expect(fired).toEqual(['second']);
    expect(clock.now()).toBe(10);
  });

  it('lets a timer of 0 ms that sets itself again move time', async () => {
    const clock = new ManualClock();
    let fired = 0;
    const again = (): void => {
      fired++;
      clock.setTimeout(again, 0);
    };
    again();
    await clock.advance(20);
    expect(fired).toBe(21);
  });

  it('ignores a timer that already fired', async () => {
    const clock = new ManualClock();
    const timer = clock.setTimeout(() => {}, 1);
    clock.setTimeout(() => {}, 2);
    await clock.advance(1);
    clock.clearTimeout(timer);
    timer.unref();
    expect(clock.pending).toBe(1);
  });

  it('refuses what Node would fire at once, and timers of another clock', () => {
    const clock = new ManualClock();
    for (const ms of [Infinity, NaN, 2 ** 31]) {
      expect(() => clock.setTimeout(() => {}, ms)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
    }
    const foreign = systemClock.setTimeout(() => {}, 1);
    expect(() => clock.clearTimeout(foreign)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
    systemClock.clearTimeout(foreign);
  });

  it('refuses to move backwards or for ever', async () => {
    const clock = new ManualClock();
    for (const ms of [-1, NaN, Infinity]) {
      await expect(clock.advance(ms)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    }
  });
});

describe('ManualClock.advanceUntil', () => {
  it('stops at the timer that made the condition true', async () => {
    const clock = new ManualClock({ startAt: 0 });
    let ticks = 0;
    const tick = (): void => {
      ticks++;
      clock.setTimeout(tick, 1000);
    };
    clock.setTimeout(tick, 1000);
    await clock.advanceUntil(() => ticks === 3, 60_000);
    expect(clock.now()).toBe(3000);
    expect(ticks).toBe(3);
  });

  it('gives the value of a promise, and its error', async () => {
    const clock = new ManualClock({ startAt: 0 });
    const value = later(clock, 10).then(() => 'value');
    await expect(clock.advanceUntil(value, 100)).resolves.toBe('value');
    expect(clock.now()).toBe(10);
    const error = later(clock, 10).then(() => Promise.reject(new Error('of the promise')));
    await expect(clock.advanceUntil(error, 100)).rejects.toThrow('of the promise');
    expect(clock.now()).toBe(20);
  });

  it('does not move time when there is nothing to wait for', async () => {
    const clock = new ManualClock({ startAt: 0 });
    clock.setTimeout(() => {}, 1);
    await clock.advanceUntil(() => true, 100);
    await clock.advanceUntil(Promise.resolve(), 100);
    expect(clock.now()).toBe(0);
  });

  it('says which timers are pending when the budget is spent', async () => {
    const clock = new ManualClock({ startAt: 0, idleMs: 1 });
    clock.setTimeout(() => {}, 100);
    clock.setTimeout(() => {}, 5000);
    const failure = expect(clock.advanceUntil(new Promise(() => {}), 1000)).rejects;
    await failure.toThrow(/still pending after 1000 ms.*\n\s+in 4000 ms, set .*manual-clock\.test\.ts/s);
    expect(clock.now()).toBe(1000);
    expect(clock.pending).toBe(1);
  });

  it('fires a timer at the very end of the budget', async () => {
    const clock = new ManualClock({ startAt: 0 });
    await clock.advanceUntil(later(clock, 1000), 1000);
    expect(clock.now()).toBe(1000);
  });

  it('gives up when no timer is left', async () => {
    const clock = new ManualClock({ idleMs: 1 });
    await expect(clock.advanceUntil(() => false, 1000)).rejects.toThrow('no timer is left');
  });

  it('rejects with what a callback or the condition threw', async () => {
    const clock = new ManualClock();
    clock.setTimeout(() => {
      throw new Error('boom');
    }, 5);
    await expect(clock.advanceUntil(() => false, 1000)).rejects.toThrow('boom');
    await expect(clock.advanceUntil(badCondition, 1000)).rejects.toThrow('bad condition');
  });

  it('waits for work that takes real time when nothing else is left to do', async () => {
    const clock = new ManualClock({ idleMs: 5000 });
    const zipped = new Promise<Buffer>((resolve) => gzip('x'.repeat(1e5), (_, result) => resolve(result)));
    await expect(clock.advanceUntil(zipped, 1000)).resolves.toBeInstanceOf(Buffer);
  });

  it('may run twice at the same time without time going back', async () => {
    const clock = new ManualClock({ startAt: 0 });
    const seen: number[] = [];
    const wait = (ms: number): Promise<void> => later(clock, ms).then(() => void seen.push(clock.now()));
    await Promise.all([clock.advanceUntil(wait(30), 100), clock.advanceUntil(wait(50), 100), clock.advance(40)]);
    expect(seen).toEqual([30, 50]);
    expect(clock.now()).toBe(50);
  });
});
