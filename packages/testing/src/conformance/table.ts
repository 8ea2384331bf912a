import type { CaseStatus, ConformanceReport } from './run.ts';

/** One row of the capability matrix: a group of cases and how each transport stands. */
export interface ConformanceRow {
  readonly group: string;
  /** By the name of the report. */
  readonly status: Readonly<Record<string, CaseStatus>>;
}

// What a cell says when the cases of a group differ: the first of these that occurs.
const gravity: readonly CaseStatus[] = ['fail', 'quirk', 'pass', 'unsupported', 'skipped'];

/** The rows of the capability matrix, group by transport. A group is unsupported when no case of it could run. */
export function conformanceTable(reports: readonly ConformanceReport[]): readonly ConformanceRow[] {
  const groups = new Set(reports.flatMap((report) => report.results.map((result) => result.group)));
  return [...groups].map((group) => ({
    group,
    status: Object.fromEntries(reports.map((report) => [report.name, statusOf(report, group)])),
  }));
}

function statusOf(report: ConformanceReport, group: string): CaseStatus {
  const all = report.results.filter((result) => result.group === group).map((result) => result.status);
  return gravity.find((status) => all.includes(status)) ?? 'skipped';
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

/** The same as a Markdown table, with the quirks as notes below it. */
export function conformanceMarkdown(reports: readonly ConformanceReport[]): string {
  const names = reports.map((report) => report.name);
  const rows = conformanceTable(reports).map(({ group, status }) =>
    line([group, ...names.map((name) => status[name] ?? 'skipped')]),
  );
  const notes = reports.flatMap((report) =>
    report.results
      .filter((result) => result.status === 'quirk')
      .map((result) => `- ${report.name}, \`${result.id}\`: ${result.reason}`),
  );
  const table = [line(['', ...names]), line(['---', ...names.map(() => '---')]), ...rows];
  return [...table, ...(notes.length > 0 ? ['', ...notes] : [])].join('\n');
}
