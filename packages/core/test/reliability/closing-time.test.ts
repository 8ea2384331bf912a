import type { Logger } from '../../src/logger.ts';
import { ClosingTime } from '../../src/reliability/closing-time.ts';
import type { WaitOptions } from '../../src/reliability/deadline.ts';
import { StepClock } from './step-clock.ts';

const never = (): Promise<never> => new Promise(() => {});

function closingTime(wait: WaitOptions): { time: ClosingTime; clock: StepClock; log: string[] } {
  const clock = new StepClock();
  const log: string[] = [];
  const logger: Logger = { debug() {}, info() {}, error() {}, warn: (message) => void log.push(message) };
  return { time: new ClosingTime(clock, logger, wait), clock, log };
}

describe('ClosingTime', () => {
  it('is one deadline for all steps: what comes late has only what is left', async () => {
    const { time, clock, log } = closingTime({ timeout: 100 });
    const first = time.step('One', never);
    await clock.advance(60);
    expect(time.left.timeout).toBe(40);
    const second = time.step('Two', never);
    await clock.advance(40);
    await Promise.all([first, second]);
    expect(log).toEqual(['One was abandoned', 'Two was abandoned']);
    expect(clock.pending).toBe(0);
  });

  it('goes on after a step that fails, at once or later, and logs it', async () => {
    const { time, clock, log } = closingTime({ timeout: 100 });
    await time.step('Throwing', () => {
      throw new Error('no');
    });
    await time.step('Rejecting', () => Promise.reject(new Error('no')));
    let fail!: (error: Error) => void;
    const late = time.step('Hanging', () => new Promise((_, reject) => (fail = reject)));
    await clock.advance(100);
    await late;
    fail(new Error('late'));
    await clock.advance(0);
    expect(log).toEqual(['Throwing failed', 'Rejecting failed', 'Hanging was abandoned', 'Hanging failed']);
  });

  it('starts what has no time any more, and counts it as done if it is done at once', async () => {
    const { time, log } = closingTime({ timeout: 0 });
    let started = 0;
    await time.step('Quick', async () => void (started += 1));
    await time.step('Slow', () => {
      started += 1;
      return never();
    });
    expect(started).toBe(2);
    expect(log).toEqual(['Slow was abandoned']);
  });

  it('gives a last step a moment more, but not one to each', async () => {
    const { time, clock, log } = closingTime({ timeout: 0 });
    const steps = (async () => {
      await time.lastStep('One', never);
      await time.lastStep('Two', never);
      await time.lastStep('Three', never);
    })();
    await clock.advance(199);
    expect(log).toEqual([]);
    await clock.advance(1);
    await steps;
    expect(log).toEqual(['One was abandoned', 'Two was abandoned', 'Three was abandoned']);
    expect(clock.pending).toBe(0);
  });

  it('ends at once for a caller whose signal has fired', async () => {
    const { time, clock, log } = closingTime({ timeout: 60_000, signal: AbortSignal.abort() });
    await time.step('One', never);
    await time.lastStep('Two', never);
    expect(log).toEqual(['One was abandoned', 'Two was abandoned']);
    expect(clock.pending).toBe(0);
  });
});
