import { getEventListeners } from 'node:events';
import * as fc from 'fast-check';
import { AbortedError, ConnectionError, TimeoutError } from '../../src/errors.ts';
import type { Deadline } from '../../src/reliability/deadline.ts';
import { DeadlineTimer, bounded, timeoutError } from '../../src/reliability/deadline.ts';
import { StepClock } from './step-clock.ts';

const never = new Promise<never>(() => {});

describe('bounded', () => {
  it('gives the value and the error of the promise, and leaves no timer', async () => {
    const clock = new StepClock();
    await expect(bounded(Promise.resolve(7), { timeout: 10 }, clock, 'Waiting')).resolves.toBe(7);
    const failure = new Error('no');
    await expect(bounded(Promise.reject(failure), { timeout: 10 }, clock, 'Waiting')).rejects.toBe(failure);
    expect(clock.pending).toBe(0);
  });

  it('rejects with TimeoutError at the deadline and not before, naming the last trouble', async () => {
    const clock = new StepClock();
    const trouble = new ConnectionError('nobody listens');
    let outcome: unknown;
    const wait = bounded(never, { timeout: 200 }, clock, 'Connecting', () => trouble).catch((error: unknown) => {
      outcome = error;
    });
    await clock.advance(199);
    expect(outcome).toBeUndefined();
    await clock.advance(1);
    await wait;
    expect(outcome).toBeInstanceOf(TimeoutError);
    expect(outcome).toMatchObject({ message: 'Connecting took longer than 200 ms: nobody listens', cause: trouble });
  });

  it('waits without a timer when the timeout is infinite', async () => {
    const clock = new StepClock();
    void bounded(never, { timeout: Infinity, signal: new AbortController().signal }, clock, 'Waiting');
    void bounded(never, {}, clock, 'Waiting');
    expect(clock.pending).toBe(0);
  });

  it('does not end at once where a timer of that length would', async () => {
    const clock = new StepClock();
    let ended = false;
    void bounded(never, { timeout: 2 ** 31 }, clock, 'Waiting').catch(() => (ended = true));
    const timer = new DeadlineTimer(clock);
    timer.add({ at: clock.now() + 2 ** 31, expire: () => (ended = true) });
    await clock.advance(1000);
    expect(ended).toBe(false);
  });

  it('rejects with AbortedError when the signal fires, also when it has fired before, and lets go of both', async () => {
    const clock = new StepClock();
    const controller = new AbortController();
    const reason = new Error('shutting down');
    const wait = bounded(never, { timeout: 1000, signal: controller.signal }, clock, 'Publishing');
    controller.abort(reason);
    await expect(wait).rejects.toMatchObject({ code: 'ABORTED', message: 'Publishing was aborted', cause: reason });
    await expect(bounded(never, { signal: controller.signal }, clock, 'Publishing')).rejects.toBeInstanceOf(
      AbortedError,
    );
    expect(clock.pending).toBe(0);
  });

  it('passes on an abort reason that is an error of ours', async () => {
    const controller = new AbortController();
    const reason = new ConnectionError('closed', { code: 'CLOSED' });
    controller.abort(reason);
    await expect(bounded(never, { signal: controller.signal }, new StepClock(), 'Waiting')).rejects.toBe(reason);
  });

  it('removes its listener from the signal', async () => {
    const { signal } = new AbortController();
    const wait = bounded(Promise.resolve(), { timeout: 10, signal }, new StepClock(), 'Waiting');
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    await wait;
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });
});

describe('timeoutError', () => {
  it('has no cause when none is known', () => {
    expect(timeoutError('Waiting', 5)).toMatchObject({ message: 'Waiting took longer than 5 ms', code: 'TIMEOUT' });
    expect(timeoutError('Waiting', 5).cause).toBeUndefined();
  });
});

describe('DeadlineTimer', () => {
  it('expires each deadline at its time, whatever was added and removed in between, with one timer', async () => {
    const delays = fc.array(fc.record({ ms: fc.integer({ min: 1, max: 500 }), removed: fc.boolean() }), {
      maxLength: 30,
    });
    await fc.assert(
      fc.asyncProperty(delays, async (all) => {
        const clock = new StepClock();
        const timer = new DeadlineTimer(clock);
        const expired: number[] = [];
        const start = clock.now();
        for (const { ms, removed } of all) {
          const deadline: Deadline = { at: start + ms, expire: () => expired.push(clock.now() - start) };
          timer.add(deadline);
          if (removed) timer.remove(deadline);
          expect(clock.pending).toBeLessThanOrEqual(1);
        }
        await clock.advance(500);
        const kept = all.filter(({ removed }) => !removed).map(({ ms }) => ms);
        expect(expired).toEqual(kept.toSorted((one, other) => one - other));
        expect(clock.pending).toBe(0);
      }),
      { numRuns: 60 },
    );
  });

  it('hears what was answered while the process stood still before anything is late, but does not wait for ever', async () => {
    const clock = new StepClock();
    const timer = new DeadlineTimer(clock);
    const expired: string[] = [];
    const deadline = (name: string, ms: number): Deadline => {
      const made = { at: clock.now() + ms, expire: () => void expired.push(name) };
      timer.add(made);
      return made;
    };
    const answered = deadline('answered', 1000);
    deadline('silent', 1000);
    clock.stall(20_000);
    await clock.advance(0);
    timer.remove(answered);
    await clock.advance(999);
    expect(expired).toEqual([]);
    // Late a second time, and of no use any more.
    clock.stall(20_000);
    await clock.advance(0);
    expect(expired).toEqual(['silent']);
    deadline('next', 1000);
    await clock.advance(1000);
    expect(expired).toEqual(['silent', 'next']);
  });

  it('sets no timer for a deadline that never comes', () => {
    const clock = new StepClock();
    new DeadlineTimer(clock).add({ at: Infinity, expire() {} });
    expect(clock.pending).toBe(0);
  });

  it('lets a deadline add another one while it expires', async () => {
    const clock = new StepClock();
    const timer = new DeadlineTimer(clock);
    const expired: string[] = [];
    const second: Deadline = { at: clock.now() + 20, expire: () => expired.push('second') };
    timer.add({
      at: clock.now() + 10,
      expire: () => {
        expired.push('first');
        timer.add(second);
      },
    });
    await clock.advance(20);
    expect(expired).toEqual(['first', 'second']);
  });

  it('forgets everything when it closes', async () => {
    const clock = new StepClock();
    const timer = new DeadlineTimer(clock);
    let expired = false;
    timer.add({ at: clock.now() + 10, expire: () => (expired = true) });
    timer.close();
    await clock.advance(100);
    expect(expired).toBe(false);
    expect(clock.pending).toBe(0);
  });
});
