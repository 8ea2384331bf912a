import type { Contender, Usage } from './contender.ts';
import { AbsentError } from './contender.ts';
import { median } from './median.ts';
import { timed } from './usage.ts';

/** A contender is warm after so many times the length of a run. */
const warmUpRuns = 3;

export interface MeasureOptions {
  readonly rounds: number;
  /** How long one run should take, in milliseconds. */
  readonly runMs: number;
}

/** One contender's runs, the first round first. */
export interface Series {
  readonly name: string;
  /** Units in a second, for each round. */
  readonly rates: readonly number[];
  /** CPU microseconds for each unit, for each round. */
  readonly cpu: readonly number[];
}

export interface Absent {
  readonly name: string;
  readonly reason: string;
}

export interface Measured {
  readonly series: readonly Series[];
  readonly absent: readonly Absent[];
}

interface Runner {
  readonly contender: Contender;
  readonly count: number;
  readonly rates: number[];
  readonly cpu: number[];
}

/** Runs the contenders in turn, round after round, so that a slow minute of the machine hits them all. */
export async function measure(contenders: readonly Contender[], options: MeasureOptions): Promise<Measured> {
  const absent: Absent[] = [];
  const runners: Runner[] = [];
  const ready: Contender[] = [];
  try {
    for (const contender of contenders) {
      try {
        await contender.setup();
        ready.push(contender);
      } catch (error) {
        if (!(error instanceof AbsentError)) throw error;
        absent.push({ name: contender.name, reason: error.message });
      }
    }
    for (const contender of ready) {
      runners.push({ contender, count: await calibrate(contender, options.runMs), rates: [], cpu: [] });
    }
    for (let round = 0; round < options.rounds; round += 1) {
      // Another one goes first in each round.
      const first = round % Math.max(1, runners.length);
      for (const runner of [...runners.slice(first), ...runners.slice(0, first)]) await runOnce(runner);
    }
  } finally {
    for (const contender of ready) await contender.teardown();
  }
  return { series: runners.map(({ contender, rates, cpu }) => ({ name: contender.name, rates, cpu })), absent };
}

/** How much work fills `runMs`, once the contender is warm: much code takes a while to be compiled. */
async function calibrate(contender: Contender, runMs: number): Promise<number> {
  let count = 16;
  for (let spent = 0; ;) {
    const { seconds } = await use(contender, count);
    spent += seconds * 1000;
    const fitting = Math.max(1, Math.round((count * runMs) / (seconds * 1000)));
    if (spent >= warmUpRuns * runMs) return fitting;
    count = Math.min(fitting, count * 4);
  }
}

async function runOnce({ contender, count, rates, cpu }: Runner): Promise<void> {
  // Clears away the garbage of the one before, and finds its own caches warm. An explicit collection would shrink the heap,
  // and those who allocate most would pay for growing it again.
  await contender.run(Math.ceil(count / 4));
  const usage = await use(contender, count);
  rates.push(count / usage.seconds);
  cpu.push(usage.cpuMicros / count);
}

async function use(contender: Contender, count: number): Promise<Usage> {
  const { result, ...usage } = await timed(() => contender.run(count));
  return result ?? usage;
}

/** How many times as fast `one` is as `other`: the median over the rounds, for rates drift and ratios hold. */
export function ratio(one: Series, other: Series): number {
  return quotients(one.rates, other.rates);
}

/** The same by what each costs in CPU: the steadier of the two on a machine that has other things to do. */
export function cpuRatio(one: Series, other: Series): number {
  return quotients(other.cpu, one.cpu);
}

function quotients(above: readonly number[], below: readonly number[]): number {
  return median(above.map((value, round) => value / (below[round] ?? Number.NaN)));
}
