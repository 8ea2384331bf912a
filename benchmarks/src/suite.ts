import type { Contender } from './contender.ts';

/** What we want of a contender. */
export interface Goal {
  readonly contender: string;
  /** At least so many times as fast as another contender … */
  readonly atLeast?: number;
  readonly timesAsFastAs?: string;
  /** … or so often in a second. */
  readonly perSecond?: number;
}

/** One table: contenders that do the same work. */
export interface Case {
  readonly title: string;
  /** What is counted, such as `messages`. */
  readonly unit: string;
  readonly contenders: readonly Contender[];
  readonly goals?: readonly Goal[];
}

/** Cases that belong together. Each is built when its turn comes, for some are large. */
export interface Suite {
  readonly name: string;
  readonly about: string;
  cases(): Iterable<Case>;
}
