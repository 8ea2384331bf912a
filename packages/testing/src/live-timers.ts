import type { AsyncHook } from 'node:async_hooks';
import { createHook } from 'node:async_hooks';

/** Node's timer object knows whether it is over; there is no public word for that. */
interface NodeTimer {
  readonly _destroyed: boolean;
}

interface Origin {
  readonly stack?: string;
}

const testRunner = /[\\/](?:jest|vitest|mocha)(?:-[a-z-]+)?[\\/]|node:internal\/test_runner/;

/**
 * The timers that were set since it was started and are neither fired nor cleared, those with `unref` included, which
 * `process.getActiveResourcesInfo` leaves out. Slows promises down by about a tenth of a microsecond each while it runs.
 */
export class LiveTimers {
  readonly #timers = new Map<NodeTimer, Origin>();
  readonly #hook: AsyncHook;
  #pruneAt = 1000;
  #paused = false;

  constructor() {
    this.#hook = createHook({
      init: (_id, type, _trigger, resource) => {
        if (type === 'Timeout' && !this.#paused) this.#add(resource as NodeTimer);
      },
    }).enable();
  }

  /** How many are live, by the place in the code that set them. */
  counts(): Map<string, number> {
    this.#prune();
    const counts = new Map<string, number>();
    for (const origin of this.#timers.values()) {
      const place = placeOf(origin);
      if (!testRunner.test(place)) counts.set(place, (counts.get(place) ?? 0) + 1);
    }
    return counts;
  }

  /** Sets timers that do not count. */
  without<T>(action: () => T): T {
    this.#paused = true;
    try {
      return action();
    } finally {
      this.#paused = false;
    }
  }

  stop(): void {
    this.#hook.disable();
  }

  #add(timer: NodeTimer): void {
    const origin: Origin = {};
    Error.captureStackTrace(origin);
    this.#timers.set(timer, origin);
    // Now and then, so that what fired long ago is not kept alive by this very table.
    if (this.#timers.size > this.#pruneAt) {
      this.#prune();
      this.#pruneAt = this.#timers.size * 2 + 1000;
    }
  }

  #prune(): void {
    for (const timer of this.#timers.keys()) if (timer._destroyed) this.#timers.delete(timer);
  }
}

/** The first frame that is neither this file nor Node itself. */
function placeOf(origin: Origin): string {
  const frames = (origin.stack ?? '').split('\n').slice(1);
  const frame = frames.find((line) => !/[\\/]live-timers\.[jt]s|node:(?!internal\/test_runner)|<anonymous>/.test(line));
  return (frame ?? 'an unknown place').trim().replace(/^at /, '');
}
