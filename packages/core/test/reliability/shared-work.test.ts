import { AbortedError, TimeoutError } from '../../src/errors.ts';
import { SharedWork } from '../../src/reliability/shared-work.ts';
import { StepClock } from './step-clock.ts';

/** Work that ends by hand, or with its signal. */
function work() {
  const runs: { readonly signal: AbortSignal; readonly done: (value: number) => void }[] = [];
  const shared = new SharedWork<number>(
    (signal) =>
      new Promise((resolve, reject) => {
        runs.push({ signal, done: resolve });
        signal.addEventListener('abort', () => reject(signal.reason as Error));
      }),
  );
  return { shared, runs };
}

describe('SharedWork', () => {
  it('runs once for all who come while it runs, and anew afterwards', async () => {
    const { shared, runs } = work();
    const clock = new StepClock();
    const both = Promise.all([shared.join({}, clock, 'Working'), shared.join({}, clock, 'Working')]);
    expect(runs).toHaveLength(1);
    runs[0]?.done(7);
    expect(await both).toEqual([7, 7]);
    expect(runs[0]?.signal.aborted).toBe(false);
    const again = shared.join({}, clock, 'Working');
    expect(runs).toHaveLength(2);
    runs[1]?.done(8);
    expect(await again).toBe(8);
  });

  it('goes on while anybody waits, and is stopped when the last one gives up', async () => {
    const { shared, runs } = work();
    const clock = new StepClock();
    const impatient = expect(shared.join({ timeout: 10 }, clock, 'Working')).rejects.toBeInstanceOf(TimeoutError);
    const patient = expect(shared.join({ timeout: 20 }, clock, 'Working')).rejects.toBeInstanceOf(TimeoutError);
    await clock.advance(10);
    await impatient;
    expect(runs[0]?.signal.aborted).toBe(false);
    await clock.advance(10);
    await patient;
    expect(runs[0]?.signal.aborted).toBe(true);
    expect(runs[0]?.signal.reason).toBeInstanceOf(AbortedError);
    expect(clock.pending).toBe(0);
  });

  it('ends for all with the reason of a stop, and can be joined again', async () => {
    const { shared, runs } = work();
    const clock = new StepClock();
    const reason = new Error('closed');
    const waiting = expect(shared.join({ timeout: 10 }, clock, 'Working')).rejects.toBe(reason);
    await Promise.all([shared.stop(reason), waiting]);
    const again = shared.join({}, clock, 'Working');
    runs[1]?.done(1);
    expect(await again).toBe(1);
  });

  it('fails for all who wait when it fails', async () => {
    const failure = new Error('no');
    const shared = new SharedWork(() => Promise.reject(failure));
    const clock = new StepClock();
    const outcomes = await Promise.allSettled([shared.join({}, clock, 'Working'), shared.join({}, clock, 'Working')]);
    expect(outcomes).toEqual([
      { status: 'rejected', reason: failure },
      { status: 'rejected', reason: failure },
    ]);
  });
});
