/** What a piece of work cost. */
export interface Usage {
  readonly seconds: number;
  /** Microseconds of CPU, user and system, over all threads of the process. */
  readonly cpuMicros: number;
}

/** One way of doing the work of a case; the same work as all others of the case. */
export interface Contender {
  readonly name: string;
  /** Rejects with {@link AbsentError} where it cannot be run on this machine. */
  setup(): Promise<void>;
  /**
   * Does the work `count` times and resolves when all of it is done. What runs in another process returns what that used;
   * otherwise the runner measures this one.
   */
  run(count: number): Promise<Usage | void>;
  teardown(): Promise<void>;
}

/** The contender is not there: its package or its program is not installed. */
export class AbsentError extends Error {
  override readonly name: string = 'AbsentError';
}

/** A contender that needs no preparation and works without waiting. */
export function loop(name: string, run: (count: number) => void): Contender {
  return { name, setup: async () => {}, run: async (count) => run(count), teardown: async () => {} };
}
