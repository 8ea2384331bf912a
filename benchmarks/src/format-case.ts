import Table from 'cli-table3';
import type { Measured, Series } from './measure.ts';
import { cpuRatio, median, ratio } from './measure.ts';
import type { Case, Goal } from './suite.ts';

/** One case as text: the table, who is absent, and which goals are reached. */
export function formatCase({ title, unit, contenders, goals = [] }: Case, { series, absent }: Measured): string {
  // The first contender that ran is what the others are compared with.
  const reference = contenders.map(({ name }) => find(series, name)).find((each) => each !== undefined);
  const table = new Table({
    head: ['', `${unit}/s`, 'CPU µs each', 'speed', 'speed by CPU'],
    colAligns: ['left', 'right', 'right', 'right', 'right'],
    style: { head: [], border: [], compact: true },
  });
  for (const each of series) {
    const compared = reference ? [times(ratio(each, reference)), times(cpuRatio(each, reference))] : ['', ''];
    table.push([each.name, rate(median(each.rates)), micros(median(each.cpu)), ...compared]);
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
  const shown = other ? `${times(reached)}, by CPU ${times(cpuRatio(ours, other))}` : `${rate(reached)}/s`;
  return line(`${reached >= (other ? atLeast : (perSecond ?? 0)) ? 'reached' : 'MISSED'} (${shown})`);
}

function find(series: readonly Series[], name: string): Series | undefined {
  return series.find((each) => each.name === name);
}

function times(value: number): string {
  return `${value >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(2)}x`;
}

function rate(perSecond: number): string {
  return perSecond >= 100 ? Math.round(perSecond).toLocaleString('en') : perSecond.toPrecision(3);
}

function micros(value: number): string {
  return value >= 0.1 ? value.toFixed(2) : value.toPrecision(2);
}
