import type { Backlog } from '../backlogs/backlog.ts';

/** The clients that a process of its own can be given. */
export type ClientName =
  | 'amqplib'
  | 'rabbitmq-client'
  | 'amqp-connection-manager'
  | 'ioredis'
  | 'bullmq'
  | 'bee-queue'
  | 'kombu';

/** What the process does before it is weighed. */
export type Load =
  | { readonly kind: 'idle' }
  /** Takes so many messages of 1 kB, and acks none. */
  | { readonly kind: 'hold'; readonly count: number };

/** One process to weigh. Without a client: what Node takes by itself. */
export interface Footprint {
  readonly name: string;
  readonly client?: ClientName;
  readonly backlog?: Backlog;
}

/** Compared by resident memory. */
export type FootprintGoal = { readonly contender: string } & (
  | { readonly atMost: number; readonly timesTheMemoryOf: string }
  | { readonly megabytesMoreAtMost: number; readonly than: string }
);

/** One table: processes that do the same. */
export interface FootprintCase {
  readonly title: string;
  readonly load: Load;
  /** Memory varies little, and a process takes long: at most so many readings of each. */
  readonly rounds: number;
  readonly footprints: readonly Footprint[];
  readonly goals: readonly FootprintGoal[];
}
