import type { Contender } from './contender.ts';
import type { Goal } from './goal.ts';
import type { FootprintCase } from './memory-use/footprint.ts';

export type { Goal } from './goal.ts';

/** One table: contenders that do the same work. */
export interface Case {
  readonly title: string;
  /** What is counted, such as `messages`. */
  readonly unit: string;
  /** What the first column shows. @default 'rate': units in a second; 'time': microseconds for one */
  readonly shows?: 'rate' | 'time';
  readonly contenders: readonly Contender[];
  readonly goals?: readonly Goal[];
}

/** Cases that belong together. Each is built when its turn comes, for some are large. */
export interface Suite {
  readonly name: string;
  readonly about: string;
  cases(): Iterable<Case | FootprintCase>;
}
