import type { Clock, ClockTimer } from '../clock.ts';
import { TimeoutError, abortedError } from '../errors.ts';
import type { Linked } from './linked-list.ts';
import { LinkedList } from './linked-list.ts';

/** Bounds of a wait. Every public operation that waits takes them. */
export interface WaitOptions {
  /** Milliseconds; `Infinity`, or more than 24 days, waits without a bound and has to be written out. */
  readonly timeout?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Timers cannot wait longer, some 24.8 days, and would fire at once. */
const longestTimer = 2 ** 31 - 1;

/** A timer that is later than this, in milliseconds, says that the process stood still. */
const stallMs = 1000;
/** Then there is so much time, in milliseconds, to hear the answers that came meanwhile. */
const hearingMs = 1000;

/**
 * The same promise with bounds: rejects with TimeoutError or AbortedError when they are passed first. `doing` starts the
 * message; `why`, asked only then, ends it. The work itself goes on: whoever needs it stopped passes the signal down.
 */
export function bounded<T>(
  promise: Promise<T>,
  { timeout = Infinity, signal }: WaitOptions,
  clock: Clock,
  doing: string,
  why?: () => Error | undefined,
): Promise<T> {
  const endless = timeout > longestTimer;
  if (endless && !signal) return promise;
  return new Promise<T>((resolve, reject) => {
    let timer: ClockTimer | undefined;
    const cleanUp = (): void => {
      if (timer) clock.clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    };
    const onAbort = (): void => {
      cleanUp();
      reject(abortedError(signal as AbortSignal, doing));
    };
    if (signal?.aborted) return onAbort();
    signal?.addEventListener('abort', onAbort, { once: true });
    if (!endless) {
      timer = clock.setTimeout(() => {
        cleanUp();
        reject(timeoutError(doing, timeout, why?.()));
      }, timeout);
    }
    promise.then(
      (value) => {
        cleanUp();
        resolve(value);
      },
      (error: unknown) => {
        cleanUp();
        reject(error);
      },
    );
  });
}

/** "X took longer than N ms", with the last known trouble as its cause. */
export function timeoutError(doing: string, timeout: number, cause?: Error): TimeoutError {
  const because = cause ? `: ${cause.message}` : '';
  return new TimeoutError(`${doing} took longer than ${timeout} ms${because}`, cause ? { cause } : {});
}

/** One wait in a {@link DeadlineTimer}, and its place in the list there. */
export interface Deadline extends Linked<Deadline> {
  readonly at: number;
  /** `reason`: it ends before its time. */
  expire(reason?: Error): void;
}

/** Many deadlines on one clock timer, cheap to add and to remove: a timer for each publish would cost more than the publish. */
export class DeadlineTimer {
  readonly #clock: Clock;
  readonly #deadlines = new LinkedList<Deadline>();
  #timer: ClockTimer | undefined;
  #firesAt = Infinity;
  #isHearing = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(deadline: Deadline): void {
    if (deadline.at === Infinity) return;
    this.#deadlines.push(deadline);
    if (deadline.at < this.#firesAt) this.#arm(deadline.at);
  }

  /** Leaves the timer armed: it finds nothing to do, which is cheaper than to re-arm it for each message. */
  remove(deadline: Deadline): void {
    this.#deadlines.remove(deadline);
  }

  /** Stops. With a reason all expire for it; without one they are forgotten. */
  close(reason?: Error): void {
    if (this.#timer) this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#firesAt = Infinity;
    const deadlines = this.#deadlines.members();
    this.#deadlines.clear();
    if (reason) for (const deadline of deadlines) deadline.expire(reason);
  }

  #arm(at: number): void {
    if (this.#timer) this.#clock.clearTimeout(this.#timer);
    this.#firesAt = at;
    const wait = Math.min(Math.max(0, at - this.#clock.now()), longestTimer);
    this.#timer = this.#clock.setTimeout(() => this.#fire(), wait);
    this.#timer.unref();
  }

  #fire(): void {
    const now = this.#clock.now();
    const isLate = now - this.#firesAt > stallMs;
    this.#timer = undefined;
    this.#firesAt = Infinity;
    // Timers come before sockets: what seems to have no answer may have had one for long.
    this.#isHearing = isLate && !this.#isHearing;
    if (this.#isHearing) return this.#arm(now + hearingMs);
    let next = Infinity;
    for (const deadline of this.#deadlines.members()) {
      // One that expired before may have ended this one too.
      if (!deadline.isLinked) continue;
      if (deadline.at <= now) {
        this.#deadlines.remove(deadline);
        deadline.expire();
      } else if (deadline.at < next) next = deadline.at;
    }
    if (next !== Infinity) this.#arm(next);
  }
}
