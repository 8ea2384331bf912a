import type { Usage } from './contender.ts';

export interface Timed<T> extends Usage {
  readonly result: T;
}

/** What a piece of work takes, in time and in CPU of this process. */
export async function timed<T>(work: () => Promise<T>): Promise<Timed<T>> {
  const cpuBefore = process.cpuUsage();
  const startedAt = process.hrtime.bigint();
  const result = await work();
  const seconds = Number(process.hrtime.bigint() - startedAt) / 1e9;
  const { user, system } = process.cpuUsage(cpuBefore);
  return { seconds, cpuMicros: user + system, result };
}
