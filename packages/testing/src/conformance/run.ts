import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Case } from './case.ts';
import { NotOffered, groupOf } from './case.ts';
import { withinRealTime } from './case-time.ts';
import type { Harness } from './harness.ts';
import { StrayRejections } from './stray-rejections.ts';

/**
 * `pass`: the rule holds. `quirk`: it does not, as the harness says. `unsupported`: a capability is off; the counterpart of
 * the case passed, where it has one. `skipped`: the harness lacks a hook that the case needs. `fail`: everything else.
 */
export type CaseStatus = 'pass' | 'quirk' | 'unsupported' | 'skipped' | 'fail';

export interface CaseResult {
  readonly id: string;
  readonly group: string;
  readonly title: string;
  readonly why: string;
  readonly status: CaseStatus;
  /** The reason of a quirk, or what was missing. */
  readonly reason?: string;
  /** What the case threw, for `fail` and `quirk`. */
  readonly error?: unknown;
  /** Real milliseconds. */
  readonly ms: number;
}

/** All results of one harness. */
export interface ConformanceReport {
  readonly name: string;
  readonly results: readonly CaseResult[];
}

/** Runs all cases one after another and reports every one of them; rejects only when `setUp` or `tearDown` does. */
export async function runConformance<T>(cases: readonly Case<T>[], harness: Harness<T>): Promise<ConformanceReport> {
  assertQuirksExist(cases, harness);
  const results: CaseResult[] = [];
  await harness.setUp?.();
  try {
    for (const each of cases) results.push(await runCase(each, harness));
  } finally {
    await harness.tearDown?.();
  }
  return { name: harness.name, results };
}

/** Runs one case. Never rejects. */
export async function runCase<T>(testCase: Case<T>, harness: Harness<T>): Promise<CaseResult> {
  const { id, title, why } = testCase;
  const started = performance.now();
  const verdict = await judge(testCase, harness);
  return { id, group: groupOf(id), title, why, ...verdict, ms: performance.now() - started };
}

/** The needs of the case that this harness does not meet. */
export function missingNeeds<T>(testCase: Case<T>, harness: Harness<T>): readonly string[] {
  return (testCase.requires ?? []).filter((need) => !harness.offers.has(need));
}

/** A quirk of a case that does not exist hides nothing and should not look as if it did. */
export function assertQuirksExist<T>(cases: readonly Case<T>[], harness: Harness<T>): void {
  const known = new Set(cases.map((each) => each.id));
  const unknown = Object.keys(harness.quirks).filter((id) => !known.has(id));
  if (unknown.length > 0)
    throw new Error(`${harness.name} lists quirks of cases that do not exist: ${unknown.join(', ')}`);
}

/** A need as reports show it. */
export function shown(need: string): string {
  return need.replace(/^(harness|store):/, '');
}

type Verdict = Pick<CaseResult, 'status' | 'reason' | 'error'>;

async function judge<T>(testCase: Case<T>, harness: Harness<T>): Promise<Verdict> {
  const missing = missingNeeds(testCase, harness);
  const hooks = missing.filter((need) => need.startsWith('harness:'));
  if (hooks.length > 0) return { status: 'skipped', reason: `the harness has no ${hooks.map(shown).join(', ')}` };
  const body = missing.length === 0 ? testCase.run : testCase.otherwise;
  const off = missing.length === 0 ? {} : { reason: `no ${missing.map(shown).join(', ')}` };
  if (!body) return { status: 'unsupported', ...off };

  const fault = await attemptUnlessStalled(testCase.id, body, harness);
  if (fault?.error instanceof NotOffered) return { status: 'unsupported', reason: fault.error.message };
  const quirk = Object.hasOwn(harness.quirks, testCase.id) ? harness.quirks[testCase.id] : undefined;
  if (quirk === undefined) {
    if (fault) return { status: 'fail', ...off, error: fault.error };
    return missing.length === 0 ? { status: 'pass' } : { status: 'unsupported', ...off };
  }
  if (fault) return { status: 'quirk', reason: quirk, error: fault.error };
  return {
    status: 'fail',
    reason: quirk,
    error: new Error(`listed as a quirk (${quirk}) but it passes: remove the quirk`),
  };
}

interface Fault {
  readonly error: unknown;
}

/** What fails while the process stood still for so long says nothing: leases end meanwhile, and nothing comes in time. */
const stallMs = 150;
const mostAttempts = 3;

/** Runs the body again when it failed on a machine that had no time for it. */
async function attemptUnlessStalled<T>(
  id: string,
  body: (t: T) => Promise<void>,
  harness: Harness<T>,
): Promise<Fault | undefined> {
  for (let tries = 1; ; tries += 1) {
    const delay = monitorEventLoopDelay();
    delay.enable();
    const fault = await attempt(id, body, harness);
    delay.disable();
    const isStalled = delay.max > stallMs * 1e6 && !harness.offers.has('harness:manualTime');
    if (!fault || !isStalled || tries >= mostAttempts) return fault;
  }
}

/** Runs the body in a fresh scope and closes that in any case; resolves to what went wrong first. */
async function attempt<T>(id: string, body: (t: T) => Promise<void>, harness: Harness<T>): Promise<Fault | undefined> {
  let fault: Fault | undefined;
  const step = async <R>(what: string, run: () => Promise<R>): Promise<R | undefined> => {
    try {
      return await withinRealTime(run(), harness.caseTimeoutMs, what);
    } catch (error) {
      fault ??= { error };
      return undefined;
    }
  };
  const strays = new StrayRejections();
  const scope = await step(`opening ${id}`, () => harness.open(id));
  if (scope) {
    await step(id, () => body(scope.context));
    await step(`the clean-up after ${id}`, () => scope.close());
  }
  await step(id, () => strays.end());
  return fault;
}
