import { conformanceTable, runConformance, transportConformance } from '@kombu/testing';
import Table from 'cli-table3';
import { capabilityRows } from './capability-rows.ts';
import { findTransports } from './find-transports.ts';
import { memoryHarness } from './memory-harness.ts';

function print(title: string, head: readonly string[], rows: readonly (readonly string[])[]): void {
  const table = new Table({ head: [...head], style: { head: [], border: [], compact: true } });
  for (const row of rows) table.push([...row]);
  console.log(`${title}\n${table.toString()}`);
}

const found = await findTransports();
const transports = found.flatMap(({ transport }) => transport ?? []);
const columns = transports.map(({ name }) => name);
print('Capabilities', ['', ...columns], capabilityRows(transports.map(({ capabilities }) => capabilities)));
for (const { packageName, problem } of found)
  if (problem !== undefined) console.log(`without: ${packageName} (${problem})`);

// The only broker that is always there. The others run the same cases in the tests of their packages.
const report = await runConformance(transportConformance, memoryHarness());
const groups = conformanceTable([report]);
print(
  '\nConformance, by group of cases',
  ['', report.name, 'cases'],
  groups.map(({ group, status }) => [group, status[report.name] ?? '-', count(group)]),
);
for (const { id, status, reason, error } of report.results) {
  if (status === 'quirk') console.log(`quirk: ${id}: ${reason ?? ''}`);
  if (status === 'fail') console.log(`FAIL: ${id}: ${error instanceof Error ? error.message : String(error)}`);
}
if (report.results.some(({ status }) => status === 'fail')) process.exitCode = 1;

/** How many cases of a group ended how: `7 pass, 1 unsupported`. */
function count(group: string): string {
  const counts = new Map<string, number>();
  for (const each of report.results) {
    if (each.group === group) counts.set(each.status, (counts.get(each.status) ?? 0) + 1);
  }
  return [...counts].map(([status, number]) => `${number} ${status}`).join(', ');
}
