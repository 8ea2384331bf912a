import { formatGoal } from './format-goal.ts';
import { micros, perSecond, times } from './format-number.ts';
import type { Measured } from './measure.ts';
import { cpuRatio, ratio } from './measure.ts';
import { median } from './median.ts';
import type { Case } from './suite.ts';
import { table } from './table.ts';

/** One case as text: the table, who is absent, and which goals are met. */
export function formatCase(each: Case, { series, absent }: Measured): string {
  const { title, unit, shows = 'rate', contenders, goals = [] } = each;
  // The first contender that ran is what the others are compared with.
  const order = contenders.map(({ name }) => name);
  const [reference] = series.toSorted((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
  const rows = series.map((one) => {
    const rate = median(one.rates);
    const compared = reference ? [times(ratio(one, reference)), times(cpuRatio(one, reference))] : ['', ''];
    return [one.name, shows === 'rate' ? perSecond(rate) : micros(1e6 / rate), micros(median(one.cpu)), ...compared];
  });
  return [
    title,
    table([shows === 'rate' ? `${unit}/s` : 'µs, p50', 'CPU µs each', 'speed', 'speed by CPU'], rows),
    ...absent.map(({ name, reason }) => `absent: ${name} (${reason})`),
    ...goals.map((goal) => formatGoal(goal, series)),
  ].join('\n');
}
