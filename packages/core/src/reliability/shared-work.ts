import type { Clock } from '../clock.ts';
import { AbortedError } from '../errors.ts';
import type { WaitOptions } from './deadline.ts';
import { bounded } from './deadline.ts';

interface Run<T> {
  readonly result: Promise<T>;
  readonly stop: AbortController;
  audience: number;
}

/**
 * Work that several callers wait for, each within bounds of its own: the first one starts it, and when the last one gives up
 * it is told to stop.
 */
export class SharedWork<T> {
  readonly #work: (signal: AbortSignal) => Promise<T>;
  #run: Run<T> | undefined;

  constructor(work: (signal: AbortSignal) => Promise<T>) {
    this.#work = work;
  }

  /** Is there a run under way that nobody has stopped? */
  get isRunning(): boolean {
    return this.#run !== undefined;
  }

  /** The result of the run under way, or of a new one. Rejects as {@link bounded} does. */
  async join(wait: WaitOptions, clock: Clock, doing: string, why?: () => Error | undefined): Promise<T> {
    const run = (this.#run ??= this.#start());
    run.audience += 1;
    try {
      return await bounded(run.result, wait, clock, doing, why);
    } finally {
      run.audience -= 1;
      if (run.audience === 0 && this.#run === run) {
        void this.stop(new AbortedError(`${doing}: nobody waits for it any more`));
      }
    }
  }

  /**
   * Ends the run under way; whoever waits for it gets what the work then rejects with. Resolves when the work has ended, and
   * never rejects.
   */
  async stop(reason: Error): Promise<void> {
    const run = this.#run;
    this.#run = undefined;
    run?.stop.abort(reason);
    await run?.result.catch(() => {});
  }

  #start(): Run<T> {
    const stop = new AbortController();
    const run: Run<T> = { result: this.#work(stop.signal), stop, audience: 0 };
    const over = (): void => {
      if (this.#run === run) this.#run = undefined;
    };
    run.result.then(over, over);
    return run;
  }
}
