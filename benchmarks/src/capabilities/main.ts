import { fileURLToPath } from 'node:url';
import type { CaseStatus } from '@kombu/testing';
import { conformanceTable, readConformanceReports, runConformance, transportConformance } from '@kombu/testing';
import Table from 'cli-table3';
import { capabilityRows } from './capability-rows.ts';
import { findTransports } from './find-transports.ts';
import { memoryHarness } from './memory-harness.ts';

const statuses: readonly CaseStatus[] = ['pass', 'quirk', 'unsupported', 'skipped', 'fail'];

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

// What the tests of each package found on its broker last. The in-memory one is always there.
const kept = readConformanceReports(fileURLToPath(new URL('../../../reports/conformance', import.meta.url)));
const reports = kept.filter(({ name }) => !name.startsWith('the store of '));
if (!reports.some(({ name }) => name === 'memory')) {
  reports.unshift(await runConformance(transportConformance, memoryHarness()));
}
print(
  '\nConformance, by group of cases: what holds on each broker, as its tests found last (npm test)',
  ['', ...reports.map(({ name }) => name)],
  conformanceTable(reports).map(({ group, status }) => [group, ...reports.map(({ name }) => status[name] ?? '-')]),
);
print(
  '\nCases',
  ['', ...statuses],
  reports.map(({ name, results }) => [
    name,
    ...statuses.map((status) => String(results.filter((result) => result.status === status).length)),
  ]),
);
for (const { name, results } of reports) {
  for (const { id, status, reason, error } of results) {
    if (status === 'quirk') console.log(`quirk of ${name}: ${id}: ${reason ?? ''}`);
    if (status === 'fail')
      console.log(`FAIL of ${name}: ${id}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
if (reports.some(({ results }) => results.some(({ status }) => status === 'fail'))) process.exitCode = 1;
