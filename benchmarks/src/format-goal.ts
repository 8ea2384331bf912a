import { perSecond, times } from './format-number.ts';
import type { Goal } from './goal.ts';
import type { Series } from './measure.ts';
import { cpuRatio, ratio } from './measure.ts';
import { median } from './median.ts';

/** One line: what was wanted, whether it is met, and what was measured. */
export function formatGoal(goal: Goal, series: readonly Series[]): string {
  const { wanted, other } = describe(goal);
  const line = (what: string): string => `goal: ${goal.contender} ${wanted}: ${what}`;
  const one = find(series, goal.contender);
  if (!one) return line('not measured');
  if (other === undefined) return line(verdict(goal, one, one));
  const second = find(series, other);
  return line(second ? verdict(goal, one, second) : 'not compared');
}

function describe(goal: Goal): { readonly wanted: string; readonly other?: string } {
  if ('perSecond' in goal) return { wanted: `>= ${perSecond(goal.perSecond)}/s` };
  if ('timesAsFastAs' in goal) {
    return { wanted: `>= ${goal.atLeast}x the speed of ${goal.timesAsFastAs}`, other: goal.timesAsFastAs };
  }
  if ('timesTheTimeOf' in goal) {
    return { wanted: `<= ${goal.atMost}x the time of ${goal.timesTheTimeOf}`, other: goal.timesTheTimeOf };
  }
  return { wanted: `<= ${goal.atMost}x the CPU of ${goal.timesTheCpuOf}`, other: goal.timesTheCpuOf };
}

export function said(met: boolean, measured: string): string {
  return `${met ? 'met' : 'MISSED'} (${measured})`;
}

function verdict(goal: Goal, one: Series, other: Series): string {
  if ('perSecond' in goal) {
    const rate = median(one.rates);
    return said(rate >= goal.perSecond, `${perSecond(rate)}/s`);
  }
  if ('timesAsFastAs' in goal) {
    const speed = ratio(one, other);
    return said(speed >= goal.atLeast, `${times(speed)}, by CPU ${times(cpuRatio(one, other))}`);
  }
  const cost = 'timesTheTimeOf' in goal ? ratio(other, one) : cpuRatio(other, one);
  return said(cost <= goal.atMost, times(cost));
}

function find(series: readonly Series[], name: string): Series | undefined {
  return series.find((each) => each.name === name);
}
