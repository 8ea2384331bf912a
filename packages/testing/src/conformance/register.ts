import type { Case } from './case.ts';
import { groupOf } from './case.ts';
import type { Harness } from './harness.ts';
import { reportsFolder, writeConformanceReport } from './report-file.ts';
import type { CaseResult } from './run.ts';
import { assertQuirksExist, missingNeeds, runCase, shown } from './run.ts';

type Test = (name: string, body: () => Promise<void>, timeoutMs?: number) => unknown;

/** The part of a test runner that is needed; jest, vitest and `node:test` have it. */
export interface TestRunner {
  describe(name: string, body: () => void): unknown;
  readonly it: Test & { readonly skip?: Test };
  /** Runs once before the tests; `before` of `node:test`, `beforeAll` elsewhere. */
  readonly beforeAll?: (body: () => Promise<void>, timeoutMs?: number) => unknown;
  /** Runs once after the tests. */
  readonly afterAll?: (body: () => Promise<void>, timeoutMs?: number) => unknown;
}

// For `setUp` and `tearDown`, which may start and stop a broker.
const HOOK_TIMEOUT_MS = 120_000;

/**
 * Registers every case as a test of the given runner, one `describe` per group. Nothing is left out silently: a case whose
 * capability is off is registered with what is missing in its name, and runs its counterpart or is shown as skipped. Where the
 * environment variable `KOMBU_CONFORMANCE_REPORTS` names a folder, the results are kept there, for `readConformanceReports`.
 *
 * ```ts
 * import { describe, it } from 'node:test';
 * registerConformance({ describe, it }, transportConformance, transportHarness({ name: 'redis', transport, url }));
 * ```
 */
export function registerConformance<T>(runner: TestRunner, cases: readonly Case<T>[], harness: Harness<T>): void {
  assertQuirksExist(cases, harness);
  const results: CaseResult[] = [];
  runner.describe(`conformance of ${harness.name}`, () => {
    registerHooks(runner, harness, results);
    for (const name of new Set(cases.map((each) => groupOf(each.id)))) {
      runner.describe(name, () => {
        for (const each of cases) if (groupOf(each.id) === name) registerCase(runner, each, harness, results);
      });
    }
  });
}

function registerHooks<T>(runner: TestRunner, harness: Harness<T>, results: readonly CaseResult[]): void {
  const { name, setUp, tearDown } = harness;
  const folder = reportsFolder();
  if (folder) runner.afterAll?.(async () => writeConformanceReport(folder, { name, results }));
  if (setUp) required(runner.beforeAll, 'beforeAll', 'setUp')(() => setUp(), HOOK_TIMEOUT_MS);
  if (tearDown) required(runner.afterAll, 'afterAll', 'tearDown')(() => tearDown(), HOOK_TIMEOUT_MS);
}

function required<F>(hook: F | undefined, name: string, because: string): F {
  if (hook) return hook;
  throw new Error(`the harness has ${because}: pass ${name} to registerConformance beside describe and it`);
}

function registerCase<T>(runner: TestRunner, testCase: Case<T>, harness: Harness<T>, results: CaseResult[]): void {
  const missing = missingNeeds(testCase, harness);
  const runs = missing.length === 0 || (testCase.otherwise && !missing.some((need) => need.startsWith('harness:')));
  const quirk = Object.hasOwn(harness.quirks, testCase.id) ? ` (quirk: ${harness.quirks[testCase.id]})` : '';
  const note = missing.length > 0 ? ` (no ${missing.map(shown).join(', ')})` : '';
  const test = runs ? runner.it : (runner.it.skip ?? runner.it);
  const body = async (): Promise<void> => {
    const result = await runCase(testCase, harness);
    results.push(result);
    report(result);
  };
  if (!runs) results.push(notRun(testCase, missing));
  test(`${testCase.id}: ${testCase.title}${note}${quirk}`, body, harness.caseTimeoutMs * 3);
}

function notRun<T>({ id, title, why }: Case<T>, missing: readonly string[]): CaseResult {
  const status = missing.some((need) => need.startsWith('harness:')) ? 'skipped' : 'unsupported';
  return { id, group: groupOf(id), title, why, status, reason: `no ${missing.map(shown).join(', ')}`, ms: 0 };
}

function report(result: CaseResult): void {
  if (result.status !== 'fail') return;
  const said = result.error instanceof Error ? result.error.message : String(result.error);
  throw new Error(`${result.id}: ${said}\n\nthe rule: ${result.title}\nwhy: ${result.why}`, { cause: result.error });
}
