import type { Need } from './case.ts';

/** The context of one case, and how to give back all that it opened. */
export interface CaseScope<T> {
  readonly context: T;
  /** Rejects when something could not be closed. */
  close(): Promise<void>;
}

/** What the runner needs of a system under test; made by `transportHarness` and `storeHarness`. */
export interface Harness<T> {
  readonly name: string;
  readonly offers: ReadonlySet<Need>;
  /** Known deviations: id of the case to the reason. */
  readonly quirks: Readonly<Record<string, string>>;
  /** Real milliseconds after which a case counts as hung, whatever its clock says. */
  readonly caseTimeoutMs: number;
  /** Before the first case, for example to start a broker. */
  readonly setUp?: (() => Promise<void>) | undefined;
  /** After the last case. */
  readonly tearDown?: (() => Promise<void>) | undefined;
  /** A fresh context for the case with this id. */
  open(id: string): Promise<CaseScope<T>>;
}

/** The settings that both kinds of harness share. */
export interface HarnessOptions {
  /** How the reports call it, for example `redis-cluster`. */
  readonly name: string;
  /**
   * `manual`: every case gets a fresh `ManualClock`, and nothing waits for real. Only for systems that live in this process
   * and ask no clock but the one they are given. Default `real`.
   */
  readonly time?: 'manual' | 'real';
  /** Stretches the TTLs and delays of the cases for brokers with a coarse clock: 10 makes 100 ms a second. Default 1. */
  readonly timeScale?: number;
  /** How long one operation may take before it counts as hung, in milliseconds of the harness's time. Default 10 000. */
  readonly deadlineMs?: number;
  /** How long nothing must happen before a case believes that nothing will, in milliseconds. Default 100. */
  readonly quietMs?: number;
  /** The lease in force, in milliseconds, where the URL or an option changes what the capabilities say. */
  readonly leaseMs?: number;
  /** A case that would hold leases for longer than this in real time is skipped, in milliseconds. Default 60 000. */
  readonly maxRealWaitMs?: number;
  /** Real milliseconds after which a case counts as hung. Default: 10 000 with manual time, 120 000 with real time. */
  readonly caseTimeoutMs?: number;
  /** Makes a name that no other run uses. Default: the hint and eight random characters. */
  readonly uniqueName?: (hint: string) => string;
  /**
   * Known deviations: id of the case to the reason. The case runs all the same; a failure is reported as `quirk`, and a pass
   * as a failure, so that no quirk outlives its cause.
   */
  readonly quirks?: Readonly<Record<string, string>>;
  /** Before the first case. */
  readonly setUp?: () => Promise<void>;
  /** After the last case. */
  readonly tearDown?: () => Promise<void>;
}
