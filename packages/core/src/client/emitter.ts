import type { Logger } from '../logger.ts';

/** Removes the listener that `on` added. */
export type Unsubscribe = () => void;

/** Typed events whose listeners cannot harm the emitter: what they throw goes to the log. There is no special `error` event. */
export class Emitter<Events extends object> {
  readonly #listeners = new Map<keyof Events, Set<(event: never) => void>>();
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  on<Name extends keyof Events>(name: Name, listener: (event: Events[Name]) => void): Unsubscribe {
    let listeners = this.#listeners.get(name);
    if (!listeners) this.#listeners.set(name, (listeners = new Set()));
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  emit<Name extends keyof Events>(name: Name, event: Events[Name]): void {
    for (const listener of this.#listeners.get(name) ?? []) {
      guarded(
        () => (listener as (event: Events[Name]) => unknown)(event),
        this.#logger,
        `A listener of '${String(name)}'`,
      );
    }
  }
}

/** Calls a hook of the user's; what it throws, or rejects with later, is logged. */
export function guarded(hook: () => unknown, logger: Logger, whose: string): void {
  const report = (error: unknown): void => logger.error(`${whose} failed`, { error });
  try {
    const result = hook();
    if (result instanceof Promise) result.catch(report);
  } catch (error) {
    report(error);
  }
}
