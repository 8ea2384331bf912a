interface Barrier {
  readonly opened: Promise<void>;
  readonly open: () => void;
}

function barrier(): Barrier {
  let open!: () => void;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

/** A door that can be shut and opened again; whoever passes while it is shut waits. It starts open. */
export class Gate {
  #barrier: Barrier | undefined;

  get isShut(): boolean {
    return this.#barrier !== undefined;
  }

  shut(): void {
    this.#barrier ??= barrier();
  }

  /** Lets all who wait go on, in the order in which they came. */
  open(): void {
    this.#barrier?.open();
    this.#barrier = undefined;
  }

  /** Resolves at once when the gate is open, and else when it is opened. */
  async pass(): Promise<void> {
    while (this.#barrier !== undefined) await this.#barrier.opened;
  }
}
