import type { EventEmitter } from 'node:events';
import { readdirSync, readlinkSync } from 'node:fs';
import { setImmediate, setTimeout } from 'node:timers';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { LiveTimers } from './live-timers.ts';

/** Options of {@link LeakProbe.start}. */
export interface LeakProbeOptions {
  /** Emitters whose listeners are counted, by the name that a report gives them. */
  readonly emitters?: Readonly<Record<string, EventEmitter>>;
  /** Further numbers that must not grow: pending timers of a manual clock, channels, connections at the broker, … */
  readonly gauges?: Readonly<Record<string, () => number>>;
  /** Also measures the heap, after a garbage collection (some 10 ms each time). Default false. */
  readonly heap?: boolean;
  /** Follows every single timer, those with `unref` too. Default true. */
  readonly timers?: boolean;
}

/** A number that is not what it was. */
export interface LeakDifference {
  /** What was counted, for example `descriptor socket`, `resource TCPSocketWrap`, `timer set at …`, `listener process exit`. */
  readonly name: string;
  readonly before: number;
  readonly after: number;
}

/** Options of {@link LeakProbe.assertClean}. */
export interface CleanOptions {
  /** Names (or parts of names) that may grow. */
  readonly ignore?: readonly (string | RegExp)[];
  /** How far the heap may have grown, in bytes, where it is measured. Default 1 MiB. */
  readonly maxHeapGrowth?: number;
  /** How long to wait for what is about to close, in milliseconds of real time. Default 2000. */
  readonly timeoutMs?: number;
}

const heapName = 'heap bytes';

/**
 * Compares what the process holds before and after: active resources, descriptors (where `/proc` exists), timers, listeners,
 * heap. Start one, do what may leak, and call `assertClean`.
 */
export class LeakProbe implements Disposable {
  /** Takes the first count, after what was about to close has closed. */
  static async start(options: LeakProbeOptions = {}): Promise<LeakProbe> {
    for (let turn = 0; turn < 5; turn++) await nextTurn();
    return new LeakProbe(options);
  }

  readonly #options: LeakProbeOptions;
  readonly #timers: LiveTimers | undefined;
  readonly #before: ReadonlyMap<string, number>;

  private constructor(options: LeakProbeOptions) {
    this.#options = options;
    this.#timers = options.timers === false ? undefined : new LiveTimers();
    this.#before = this.#count();
  }

  /** All numbers that differ from those at the start, in both directions. */
  compare(): readonly LeakDifference[] {
    const after = this.#count();
    const names = [...new Set([...this.#before.keys(), ...after.keys()])].toSorted();
    return names
      .map((name) => ({ name, before: this.#before.get(name) ?? 0, after: after.get(name) ?? 0 }))
      .filter((difference) => difference.before !== difference.after);
  }

  /** Rejects with a list of what grew and stays so; gives things some time to close. Ends the probe. */
  async assertClean(options: CleanOptions = {}): Promise<void> {
    const { timeoutMs = 2000 } = options;
    const giveUpAt = performance.now() + timeoutMs;
    try {
      for (let round = 0; ; round++) {
        const leaks = this.#leaks(options);
        if (leaks.length === 0) return;
        if (performance.now() > giveUpAt) throw new Error(report(leaks, timeoutMs));
        await (round < 20 ? nextTurn() : this.#pause());
      }
    } finally {
      this.stop();
    }
  }

  /** Stops following timers; `assertClean` does it too. */
  stop(): void {
    this.#timers?.stop();
  }

  [Symbol.dispose](): void {
    this.stop();
  }

  #leaks(options: CleanOptions): readonly LeakDifference[] {
    const { ignore = [], maxHeapGrowth = 1024 * 1024 } = options;
    const ignored = (name: string): boolean =>
      ignore.some((pattern) => (typeof pattern === 'string' ? name.includes(pattern) : pattern.test(name)));
    return this.compare().filter(({ name, before, after }) => {
      const tolerated = name === heapName ? maxHeapGrowth : 0;
      return after - before > tolerated && !ignored(name);
    });
  }

  /** Rarely, and without showing up in the count itself. */
  #pause(): Promise<void> {
    return this.#timers === undefined ? sleep() : this.#timers.without(sleep);
  }

  #count(): Map<string, number> {
    const counts = new Map<string, number>();
    const add = (name: string, count = 1): void => void counts.set(name, (counts.get(name) ?? 0) + count);
    for (const type of process.getActiveResourcesInfo()) {
      if (type !== 'Timeout' || this.#timers === undefined) add(`resource ${type}`);
    }
    for (const descriptor of descriptors()) add(`descriptor ${descriptor}`);
    countListeners('process', process, add);
    for (const [name, emitter] of Object.entries(this.#options.emitters ?? {})) countListeners(name, emitter, add);
    for (const [name, gauge] of Object.entries(this.#options.gauges ?? {})) add(`gauge ${name}`, gauge());
    for (const [place, count] of this.#timers?.counts() ?? []) add(`timer set at ${place}`, count);
    if (this.#options.heap === true) add(heapName, heapAfterCollection());
    return counts;
  }
}

function countListeners(owner: string, emitter: EventEmitter, add: (name: string, count: number) => void): void {
  for (const event of emitter.eventNames()) add(`listener ${owner} ${String(event)}`, emitter.listenerCount(event));
}

/** What the open descriptors lead to: `socket`, `pipe`, or a path. Empty where the system does not tell. */
function descriptors(): readonly string[] {
  const folder = '/proc/self/fd';
  try {
    return readdirSync(folder).flatMap((descriptor) => {
      try {
        return [readlinkSync(`${folder}/${descriptor}`).replace(/:\[\d+\]$/, '')];
      } catch {
        // The one that read the folder is gone by now.
        return [];
      }
    });
  } catch {
    return [];
  }
}

function heapAfterCollection(): number {
  const collect = (globalThis.gc as (() => void) | undefined) ?? exposeCollector();
  // The second run frees what finalizers of the first one let go.
  collect();
  collect();
  return process.memoryUsage().heapUsed;
}

function exposeCollector(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}

function report(leaks: readonly LeakDifference[], timeoutMs: number): string {
  const lines = leaks.map(({ name, before, after }) => `\n  ${name}: ${before} before, ${after} now`);
  return `Something is left over, and stays so for ${timeoutMs} ms:${lines.join('')}`;
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function sleep(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 5));
}
