/** Whoever wants to hear of the next change to a key. */
export interface KeyWatcher {
  /** It may have changed. Never throws. */
  changed(): void;
}

/** Who wants to hear of which key. Names are compared as bytes, as the server sends them. */
export class KeyTracker {
  readonly #watchers = new Map<string, KeyWatcher>();

  watch(keys: readonly string[], watcher: KeyWatcher): void {
    for (const key of keys) this.#watchers.set(bytesOf(key), watcher);
  }

  unwatch(keys: readonly string[]): void {
    for (const key of keys) this.#watchers.delete(bytesOf(key));
  }

  /** The server says that these keys were changed; undefined: any may have been. */
  invalidated(keys: readonly Buffer[] | undefined): void {
    if (keys) for (const key of keys) this.#watchers.get(key.toString('latin1'))?.changed();
    else for (const watcher of new Set(this.#watchers.values())) watcher.changed();
  }
}

function bytesOf(key: string): string {
  return Buffer.from(key).toString('latin1');
}
