import { setImmediate } from 'node:timers/promises';

/**
 * Rejections that nobody handles, which would end the process of an application. Runners with a process object of their own
 * for tests, such as jest, catch them before we do and fail the test themselves.
 */
export class StrayRejections {
  readonly #reasons: unknown[] = [];
  readonly #note = (reason: unknown): void => void this.#reasons.push(reason);

  constructor() {
    process.on('unhandledRejection', this.#note);
  }

  /** Stops watching; rejects when there was one. */
  async end(): Promise<void> {
    // The process tells of them once the microtasks are done.
    await setImmediate();
    process.off('unhandledRejection', this.#note);
    if (this.#reasons.length === 0) return;
    const [first] = this.#reasons;
    throw new Error(`nobody handled the rejection of a promise: ${String(first)}`, { cause: first });
  }
}
