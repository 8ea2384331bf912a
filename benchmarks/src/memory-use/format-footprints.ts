import type { Absent } from '../measure.ts';
import { said } from '../format-goal.ts';
import { table } from '../table.ts';
import { times } from '../format-number.ts';
import type { FootprintCase, FootprintGoal } from './footprint.ts';
import type { Weighed } from './weigh.ts';

export function formatFootprints(
  { title, goals }: FootprintCase,
  { weighed, absent }: { readonly weighed: readonly Weighed[]; readonly absent: readonly Absent[] },
): string {
  return [
    title,
    table(
      ['RSS'],
      weighed.map(({ name, bytes }) => [name, megabytes(bytes)]),
    ),
    ...absent.map(({ name, reason }) => `absent: ${name} (${reason})`),
    ...goals.map((goal) => formatGoal(goal, weighed)),
  ].join('\n');
}

function formatGoal(goal: FootprintGoal, weighed: readonly Weighed[]): string {
  const bytesOf = (name: string): number => weighed.find((each) => each.name === name)?.bytes ?? Number.NaN;
  const one = bytesOf(goal.contender);
  if ('than' in goal) {
    const more = one - bytesOf(goal.than);
    const wanted = `at most ${goal.megabytesMoreAtMost} MB more than ${goal.than}`;
    return line(goal, wanted, more / 1e6 <= goal.megabytesMoreAtMost, more, megabytes(more));
  }
  const quotient = one / bytesOf(goal.timesTheMemoryOf);
  const wanted = `<= ${goal.atMost}x the memory of ${goal.timesTheMemoryOf}`;
  return line(goal, wanted, quotient <= goal.atMost, quotient, times(quotient));
}

function line({ contender }: FootprintGoal, wanted: string, met: boolean, value: number, shown: string): string {
  const verdict = Number.isNaN(value) ? 'not measured' : said(met, shown);
  return `goal: ${contender} ${wanted}: ${verdict}`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
