import type { Clock, Random } from '@kombu/core/spi';
import { inOrder, prefixOf } from './entries.ts';
import { codes, on } from './errors.ts';
import type { Session } from './session.ts';

/** A queue that is longer than this is not listed anew for each batch. */
const longQueue = 1000;
/** How old the list of a long queue may be, in milliseconds; what is put in front of it waits so long. */
const listMs = 1000;
/** Over so many batches do readers spread who get in each other's way. */
const spread = 8;

/** What this process knows of a queue, and who waits for it to change. */
export class QueueView {
  readonly #session: Session;
  readonly #path: string;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #waiters = new Set<() => void>();
  readonly #unfit = new Set<string>();
  #entries: readonly string[] = [];
  #next = 0;
  #listedAt = -Infinity;
  /** Counts the changes. */
  #version = 0;
  /** The server tells of the next change. */
  #isWatched = false;
  /** Others took most of what was wanted last. */
  #hasRivals = false;

  constructor(session: Session, path: string, clock: Clock, random: Random) {
    this.#session = session;
    this.#path = path;
    this.#clock = clock;
    this.#random = random;
  }

  /** Does anybody wait? */
  get isWanted(): boolean {
    return this.#waiters.size > 0;
  }

  /**
   * The entries that come next; a second call gets those behind them.
   *
   * @param watch The server shall tell of the next change, and what it told of before is believed.
   */
  async next(max: number, watch: boolean): Promise<readonly string[]> {
    const isLong = this.#entries.length - this.#next > longQueue && this.#clock.now() - this.#listedAt < listMs;
    if (!isLong && !(watch && this.#isWatched)) await this.#list(watch);
    const start = this.#next + this.#skipped(max);
    const entries = this.#entries.slice(start, start + max);
    this.#next = start + entries.length;
    return entries;
  }

  /** Others were faster with `gone` of so many. */
  tried(count: number, gone: number): void {
    this.#hasRivals = 2 * gone > count;
  }

  /** Not to be offered again. */
  exclude(entry: string): void {
    this.#unfit.add(entry);
  }

  /** Until something changes, the time is over, or the signal fires. */
  wait(ms: number, signal: AbortSignal): Promise<void> {
    if (!this.#isWatched || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#waiters.delete(wake);
        this.#clock.clearTimeout(timer);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      const timer = this.#clock.setTimeout(wake, ms);
      timer.unref();
      signal.addEventListener('abort', wake);
      this.#waiters.add(wake);
    });
  }

  /** Something changed, or might have. */
  readonly changed = (): void => {
    this.#version += 1;
    this.#isWatched = false;
    for (const wake of this.#waiters) wake();
  };

  /** Readers who all want the first message get in each other's way: they spread over those of the same priority. */
  #skipped(max: number): number {
    const first = this.#entries[this.#next];
    if (!this.#hasRivals || first === undefined) return 0;
    const count = Math.floor(this.#random() * spread) * max;
    const there = this.#entries[this.#next + count];
    return there !== undefined && prefixOf(there) === prefixOf(first) ? count : 0;
  }

  async #list(watch: boolean): Promise<void> {
    const watcher = watch ? this.changed : undefined;
    const version = this.#version;
    const names = await this.#names(watcher);
    // The news of a change may have come together with the list.
    if (watch) this.#isWatched = version === this.#version;
    this.#entries = inOrder(names).filter((name) => !this.#unfit.has(name));
    this.#next = 0;
    this.#listedAt = this.#clock.now();
  }

  async #names(watcher: (() => void) | undefined): Promise<readonly string[]> {
    for (;;) {
      const names = await this.#session.children(this.#path, watcher).catch(on(codes.noNode, undefined));
      if (names) return names;
      // It may be made between the two questions.
      if (!watcher || !(await this.#session.stat(this.#path, watcher))) return [];
    }
  }
}
