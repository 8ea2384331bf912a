interface Account {
  deliveries: number;
  requeues: number;
  acks: number;
  damaged: boolean;
}

/** The books of one queue: which messages it has to get, and what became of each. */
export class Tally {
  readonly #expected: ReadonlySet<string>;
  readonly #accounts = new Map<string, Account>();
  #outstanding: number;

  /** @param expected - The ids of the messages that the queue has to get, each once. */
  constructor(expected: Iterable<string>) {
    this.#expected = new Set(expected);
    this.#outstanding = this.#expected.size;
  }

  /** A message came. Returns how often it came before. */
  delivered(id: string, intact: boolean): number {
    const account = this.#account(id);
    if (!intact) account.damaged = true;
    return account.deliveries++;
  }

  requeued(id: string): void {
    this.#account(id).requeues += 1;
  }

  /** A message is done. Returns whether it was one of those that were still missing. */
  acked(id: string): boolean {
    const first = this.#account(id).acks++ === 0;
    if (!first || !this.#expected.has(id)) return false;
    this.#outstanding -= 1;
    return true;
  }

  /** Expected and not acked yet. */
  get outstanding(): number {
    return this.#outstanding;
  }

  get totals(): { expected: number; routed: number; delivered: number; acked: number; requeued: number } {
    const accounts = [...this.#accounts.values()];
    const sum = (of: (account: Account) => number): number => accounts.reduce((total, each) => total + of(each), 0);
    return {
      expected: this.#expected.size,
      routed: this.#accounts.size,
      delivered: sum((each) => each.deliveries),
      acked: sum((each) => each.acks),
      requeued: sum((each) => each.requeues),
    };
  }

  /** What does not add up, one line for each kind of fault. */
  problems(): readonly string[] {
    const accounts = [...this.#accounts];
    const where = (is: (account: Account) => boolean): string[] =>
      accounts.filter(([, account]) => is(account)).map(([id]) => id);
    return [
      ...complaint(
        'never came',
        [...this.#expected].filter((id) => !this.#accounts.has(id)),
      ),
      ...complaint(
        'came and could not be acked',
        where(({ acks }) => acks === 0),
      ),
      ...complaint(
        'came more often than was asked for',
        where((each) => each.deliveries > each.requeues + 1),
      ),
      ...complaint(
        'given back and did not come again',
        where((each) => each.deliveries < each.requeues + 1),
      ),
      ...complaint(
        'came to the wrong queue',
        accounts.map(([id]) => id).filter((id) => !this.#expected.has(id)),
      ),
      ...complaint(
        'came with another body',
        where(({ damaged }) => damaged),
      ),
    ];
  }

  #account(id: string): Account {
    let account = this.#accounts.get(id);
    if (!account) this.#accounts.set(id, (account = { deliveries: 0, requeues: 0, acks: 0, damaged: false }));
    return account;
  }
}

function complaint(what: string, ids: readonly string[]): string[] {
  if (ids.length === 0) return [];
  const more = ids.length > 5 ? `, and ${ids.length - 5} more` : '';
  return [`${ids.length} ${what}: ${ids.slice(0, 5).join(', ')}${more}`];
}
