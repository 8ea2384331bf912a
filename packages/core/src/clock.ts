/** A pending timer; pass it back to {@link Clock.clearTimeout}. */
export interface ClockTimer {
  /** Lets the process exit while the timer is pending. */
  unref(): void;
}

/**
 * Where time comes from. Every lease, deadline, back-off and TTL in this project asks an injected clock,
 * so that tests can move time by hand instead of waiting (see `ManualClock` in `@kombu/testing`).
 */
export interface Clock {
  /** Wall-clock time in milliseconds since 1970. */
  now(): number;
  /** Calls `callback` once, `ms` milliseconds from now at the earliest. */
  setTimeout(callback: () => void, ms: number): ClockTimer;
  /** Cancels a timer; a timer that already fired is ignored. */
  clearTimeout(timer: ClockTimer): void;
}

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  setTimeout: (callback, ms) => setTimeout(callback, ms),
  clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
};

/** A source of randomness in `[0, 1)`, for jitter and shuffles. */
export type Random = () => number;
