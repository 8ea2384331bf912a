import type { Clock, Random } from '@kombu/core/spi';
import { systemClock } from '@kombu/core/spi';

import { seeded } from './random.ts';

/** One call on its way, as a fault sees it. */
export interface FaultCall {
  readonly method: string;
  readonly args: readonly unknown[];
  readonly clock: Clock;
  /** Does what was called, with other arguments if given. May be called never, once or more often. */
  readonly next: (args?: readonly unknown[]) => Promise<unknown>;
}

/** Stands in for a call: what it returns or throws is what the caller sees. Ready-made ones are in `faults.ts`. */
export type Fault = (call: FaultCall) => Promise<unknown>;

/** Which calls a fault strikes. */
export interface FaultRule<M extends string = string> {
  readonly method: M | readonly M[];
  readonly fault: Fault;
  /** Only calls with such arguments. */
  readonly match?: (args: readonly unknown[]) => boolean;
  /** Spares the first calls that fit. Default 0. */
  readonly skip?: number;
  /** Strikes at most so often. Default: for ever. */
  readonly times?: number;
  /** Strikes with this probability, 0 to 1. Default 1. */
  readonly chance?: number;
}

/** Options of {@link FaultScript} and of what is built on it. */
export interface FaultOptions {
  /** Times delays. Default: the machine's clock. */
  readonly clock?: Clock;
  /** Decides about `chance`. Default: `seeded(1)`. */
  readonly random?: Random;
  /** Told about each strike, for the log of a test. */
  readonly onFault?: (call: FaultCall) => void;
}

interface Count {
  seen: number;
  struck: number;
}

/**
 * Applies rules to calls. The first rule is the outermost: it sees the call first and the answer last. The list of rules is
 * read on each call, so that a test may add and remove rules as it goes.
 */
export class FaultScript<M extends string = string> {
  readonly #rules: readonly FaultRule<M>[];
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #onFault: ((call: FaultCall) => void) | undefined;
  readonly #counts = new WeakMap<FaultRule<M>, Count>();

  constructor(rules: readonly FaultRule<M>[], options: FaultOptions = {}) {
    this.#rules = rules;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? seeded(1);
    this.#onFault = options.onFault;
  }

  /** Makes a call under the rules. */
  run(
    method: M,
    args: readonly unknown[],
    operation: (args: readonly unknown[]) => Promise<unknown>,
  ): Promise<unknown> {
    const faults = this.#rules.filter((rule) => this.#strikes(rule, method, args)).map((rule) => rule.fault);
    const from = async (index: number, current: readonly unknown[]): Promise<unknown> => {
      const fault = faults[index];
      if (fault === undefined) return operation(current);
      const next = (changed = current): Promise<unknown> => from(index + 1, changed);
      const call: FaultCall = { method, args: current, clock: this.#clock, next };
      this.#onFault?.(call);
      return fault(call);
    };
    return from(0, args);
  }

  #strikes(rule: FaultRule<M>, method: M, args: readonly unknown[]): boolean {
    const named = typeof rule.method === 'string' ? rule.method === method : rule.method.includes(method);
    if (!named || rule.match?.(args) === false) return false;
    const count = this.#counts.get(rule) ?? { seen: 0, struck: 0 };
    this.#counts.set(rule, count);
    if (count.seen++ < (rule.skip ?? 0) || count.struck >= (rule.times ?? Infinity)) return false;
    if (rule.chance !== undefined && this.#random() >= rule.chance) return false;
    count.struck++;
    return true;
  }
}
