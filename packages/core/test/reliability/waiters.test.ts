import { TimeoutError } from '../../src/errors.ts';
import { Waiters } from '../../src/reliability/waiters.ts';
import { StepClock } from './step-clock.ts';

describe('Waiters', () => {
  it('are woken together, once', async () => {
    const waiters = new Waiters();
    const clock = new StepClock();
    const both = Promise.all([waiters.wait({ timeout: 10 }, clock, 'Waiting'), waiters.wait({}, clock, 'Waiting')]);
    expect(waiters.size).toBe(2);
    waiters.wake();
    await both;
    expect(waiters.size).toBe(0);
    expect(clock.pending).toBe(0);
  });

  it('are forgotten when they give up', async () => {
    const waiters = new Waiters();
    const clock = new StepClock();
    const waiting = expect(waiters.wait({ timeout: 10 }, clock, 'Waiting')).rejects.toBeInstanceOf(TimeoutError);
    await clock.advance(10);
    await waiting;
    expect(waiters.size).toBe(0);
  });

  it('fail together', async () => {
    const waiters = new Waiters();
    const failure = new Error('closed');
    const waiting = expect(waiters.wait({}, new StepClock(), 'Waiting')).rejects.toBe(failure);
    waiters.fail(failure);
    await waiting;
    expect(waiters.size).toBe(0);
  });
});
