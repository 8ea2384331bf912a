import Table from 'cli-table3';
import type { Measured, Series } from './measure.ts';
import { median, ratio } from './measure.ts';
import type { Case, Goal } from './suite.ts';

/** One case as text: the table, who is absent, and which goals are reached. */
export function formatCase({ title, unit, contenders, goals = [] }: Case, { series, absent }: Measured): string {
  // The first contender that ran is what the others are compared with.
  const reference = contenders.map(({ name }) => find(series, name)).find((each) => each !== undefined);
  const table = new Table({
    head: ['', `${unit}/s`, 'CPU µs each', reference ? `x ${reference.name}` : ''],
    colAligns: ['left', 'right', 'right', 'right'],
    style: { head: [], border: [] },
  });
  for (const each of series) {
    const compared = reference ? ratio(each, reference).toFixed(2) : '';
    table.push([each.name, rate(median(each.rates)), micros(median(each.cpu)), compared]);
  }
  return [
    title,
    table.toString(),
    ...absent.map(({ name, reason }) => `absent: ${name} (${reason})`),
    ...goals.map((goal) => formatGoal(goal, series)),
  ].join('\n');
}

function formatGoal(goal: Goal, series: readonly Series[]): string {
  const { contender, atLeast = 1, timesAsFastAs, perSecond } = goal;
  const ours = find(series, contender);
  const wanted = timesAsFastAs === undefined ? `${rate(perSecond ?? 0)}/s` : `${atLeast}x ${timesAsFastAs}`;
  const line = (what: string): string => `goal: ${contender} >= ${wanted}: ${what}`;
  const other = timesAsFastAs === undefined ? undefined : find(series, timesAsFastAs);
  if (!ours || (timesAsFastAs !== undefined && !other)) return line('not compared');
  const reached = other ? ratio(ours, other) : median(ours.rates);
  const shown = other ? `${reached.toFixed(2)}x` : `${rate(reached)}/s`;
  return line(`${reached >= (other ? atLeast : (perSecond ?? 0)) ? 'reached' : 'MISSED'} (${shown})`);
}

function find(series: readonly Series[], name: string): Series | undefined {
  return series.find((each) => each.name === name);
}

function rate(perSecond: number): string {
  return perSecond >= 100 ? Math.round(perSecond).toLocaleString('en') : perSecond.toPrecision(3);
}

function micros(value: number): string {
  return value >= 0.1 ? value.toFixed(2) : value.toPrecision(2);
}
