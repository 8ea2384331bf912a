import { TimeBudget } from '../../src/reliability/time-budget.ts';
import { StepClock } from './step-clock.ts';

describe('TimeBudget', () => {
  it('gives each wait what is left, and nothing when it is spent', async () => {
    const clock = new StepClock();
    const { signal } = new AbortController();
    const budget = new TimeBudget({ timeout: 100, signal }, clock, 5000);
    expect(budget.left).toEqual({ timeout: 100, signal });
    await clock.advance(70);
    expect(budget.left.timeout).toBe(30);
    await clock.advance(70);
    expect(budget.left.timeout).toBe(0);
  });

  it('has the default where no timeout is given, also explicitly none, and no bound without either', async () => {
    const clock = new StepClock();
    const byDefault = new TimeBudget({ timeout: undefined }, clock, 50);
    const endless = new TimeBudget({}, clock);
    await clock.advance(20);
    expect([byDefault.left.timeout, endless.left.timeout]).toEqual([30, Infinity]);
  });
});
