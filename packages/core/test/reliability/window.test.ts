import * as fc from 'fast-check';
import { AbortedError, TimeoutError } from '../../src/errors.ts';
import { Window } from '../../src/reliability/window.ts';
import { StepClock } from './step-clock.ts';

describe('Window', () => {
  it('is bounded in messages', () => {
    const window = new Window(2, 1000);
    expect([window.tryEnter(1), window.tryEnter(1), window.tryEnter(1)]).toEqual([true, true, false]);
    window.leave(1);
    expect(window.tryEnter(1)).toBe(true);
    expect(window.messages).toBe(2);
  });

  it('is bounded in bytes, and a message larger than the whole passes alone', () => {
    const window = new Window(100, 10);
    expect(window.tryEnter(50)).toBe(true);
    expect(window.tryEnter(1)).toBe(false);
    window.leave(50);
    expect(window.tryEnter(6)).toBe(true);
    expect(window.tryEnter(5)).toBe(false);
    expect(window.tryEnter(4)).toBe(true);
  });

  it('lets those who wait in, first come first served: a small one does not overtake a large one', async () => {
    const window = new Window(10, 10);
    const clock = new StepClock();
    const entered: string[] = [];
    window.tryEnter(8);
    const large = window.enter(6, {}, clock, 'Publishing').then(() => entered.push('large'));
    const small = window.enter(1, {}, clock, 'Publishing').then(() => entered.push('small'));
    expect(window.tryEnter(1)).toBe(false);
    await clock.advance(1);
    expect(entered).toEqual([]);
    window.leave(8);
    await Promise.all([large, small]);
    expect(entered).toEqual(['large', 'small']);
  });

  it('gives up in line with TimeoutError and takes no room', async () => {
    const window = new Window(1, 100);
    const clock = new StepClock();
    window.tryEnter(1);
    const waiting = window.enter(1, { timeout: 50 }, clock, 'Publishing');
    const behind = window.enter(1, {}, clock, 'Publishing');
    const failed = expect(waiting).rejects.toBeInstanceOf(TimeoutError);
    await clock.advance(50);
    await failed;
    window.leave(1);
    await behind;
    expect(window.messages).toBe(1);
  });

  it('lets the next one in when a large one in front of it gives up', async () => {
    const window = new Window(10, 10);
    const clock = new StepClock();
    window.tryEnter(8);
    const controller = new AbortController();
    const large = window.enter(6, { signal: controller.signal }, clock, 'Publishing');
    const small = window.enter(1, {}, clock, 'Publishing');
    controller.abort();
    await expect(large).rejects.toBeInstanceOf(AbortedError);
    await small;
    expect(window.messages).toBe(2);
  });

  it('passes on a place that was given in the moment of giving up', async () => {
    const window = new Window(1, 100);
    const clock = new StepClock();
    window.tryEnter(1);
    const controller = new AbortController();
    const first = window.enter(1, { signal: controller.signal }, clock, 'Publishing');
    const second = window.enter(1, {}, clock, 'Publishing');
    controller.abort();
    window.leave(1);
    await expect(first).rejects.toBeInstanceOf(AbortedError);
    await second;
    expect(window.messages).toBe(1);
  });

  it('is idle when nothing is in flight and nobody waits', async () => {
    const window = new Window(1, 100);
    const clock = new StepClock();
    await window.idle();
    window.tryEnter(1);
    let idle = false;
    const done = window.idle().then(() => (idle = true));
    void window.enter(1, {}, clock, 'Publishing');
    window.leave(1);
    await clock.advance(1);
    expect(idle).toBe(false);
    window.leave(1);
    await done;
  });

  it('never holds more than its limits, and everybody gets in', async () => {
    const sizes = fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 1, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(sizes, fc.integer({ min: 1, max: 4 }), async (all, maxMessages) => {
        const window = new Window(maxMessages, 10);
        const clock = new StepClock();
        const inside: number[] = [];
        const done = all.map(async (bytes) => {
          await window.enter(bytes, {}, clock, 'Publishing');
          inside.push(bytes);
          const sum = inside.reduce((one, other) => one + other, 0);
          expect(inside.length).toBeLessThanOrEqual(maxMessages);
          expect(inside.length === 1 || sum <= 10).toBe(true);
          await Promise.resolve();
          inside.splice(inside.indexOf(bytes), 1);
          window.leave(bytes);
        });
        await Promise.all(done);
        expect(window.messages).toBe(0);
      }),
      { numRuns: 60 },
    );
  });
});
