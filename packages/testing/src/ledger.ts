import type { PublishGuarantee, SettleOutcome } from '@kombu/core/spi';
import { KombuError } from '@kombu/core/spi';

import type { LedgerEntry, LedgerExpectation, PublishEnd } from './ledger-rules.ts';
import { isMissing, rules } from './ledger-rules.ts';

/** A broken promise of the messaging layer, with the messages that it concerns. */
export interface LedgerViolation {
  readonly rule: string;
  readonly ids: readonly string[];
}

/** Codes after which a message may be in the broker all the same. */
const uncertainCodes: ReadonlySet<string> = new Set(['PUBLISH_UNCERTAIN', 'TIMEOUT', 'ABORTED']);

/**
 * The books of a test: every message has an id of its own, every step of its life is recorded, and at the end the sums must
 * come out. Keep one ledger per queue where a message goes to several. Recording never throws, because it happens inside
 * handlers; what is wrong comes out in `assertNothingLost`.
 */
export class Ledger {
  readonly #entries = new Map<string, LedgerEntry>();
  #made = 0;

  /** An id that was not used before: `m1`, `m2`, … */
  newId(): string {
    return `m${++this.#made}`;
  }

  /** Somebody starts to publish the message; again only after an attempt that was rejected or uncertain. */
  attempted(id: string): void {
    const entry = this.#entry(id);
    this.#step(entry, 'attempted', entry.end !== 'pending' && entry.end !== 'confirmed');
    entry.attempts++;
    entry.end = 'pending';
  }

  /** The broker has it. */
  confirmed(id: string): void {
    this.#ended(id, 'confirmed');
  }

  /** It is certainly not in the broker. */
  rejected(id: string, reason: string): void {
    this.#ended(id, 'rejected', reason);
  }

  /** It may or may not be in the broker. */
  uncertain(id: string, reason?: string): void {
    this.#ended(id, 'uncertain', reason);
  }

  /**
   * Records the attempt and how `publishing` ends. `sent`, `PUBLISH_UNCERTAIN`, `TIMEOUT` and `ABORTED` count as uncertain.
   * Never rejects.
   */
  async track(id: string, publishing: PromiseLike<PublishGuarantee | void>): Promise<PublishEnd> {
    this.attempted(id);
    try {
      const guarantee = await publishing;
      return guarantee === 'sent' ? this.#ended(id, 'uncertain', 'sent') : this.#ended(id, 'confirmed');
    } catch (error) {
      const reason = error instanceof KombuError ? error.code : String(error);
      return this.#ended(id, uncertainCodes.has(reason) ? 'uncertain' : 'rejected', reason);
    }
  }

  /** A handler got it. */
  delivered(id: string, redelivered: boolean): void {
    const entry = this.#entry(id);
    this.#step(entry, redelivered ? 'delivered (redelivered)' : 'delivered');
    entry.deliveries++;
    if (redelivered) entry.redeliveries++;
  }

  /** A handler settled it, with this outcome. */
  settled(id: string, outcome: SettleOutcome): void {
    const entry = this.#entry(id);
    this.#step(entry, `settled (${outcome})`);
    entry.settled++;
    if (outcome === 'ok') entry.settledOk++;
  }

  /** All steps of one message, in the order in which they were recorded. */
  history(id: string): readonly string[] {
    return this.#entries.get(id)?.history ?? [];
  }

  /** Throws when a promise was broken; the message names the rules, up to ten ids for each, and their histories. */
  assertNothingLost(expected: LedgerExpectation = {}): void {
    const violations = this.violations(expected);
    if (violations.length === 0) return;
    const parts = violations.map(({ rule, ids }) => {
      const shown = ids.slice(0, 10).map((id) => `\n  ${id}: ${this.history(id).join(' > ') || 'no history'}`);
      return `${rule} (${ids.length}):${shown.join('')}${ids.length > 10 ? `\n  and ${ids.length - 10} more` : ''}`;
    });
    throw new Error(`The ledger does not balance.\n${parts.join('\n')}\n${this.summary()}`);
  }

  /** What `assertNothingLost` would complain about. */
  violations(expected: LedgerExpectation = {}): readonly LedgerViolation[] {
    const { remaining = [] } = expected;
    const counted = typeof remaining === 'number';
    const inBroker = new Set(counted ? [] : remaining);
    const all = [...this.#entries];
    for (const id of inBroker) if (!this.#entries.has(id)) all.push([id, newEntry()]);
    const where = (broken: typeof isMissing): string[] =>
      all.filter(([id, entry]) => broken(entry, inBroker.has(id), expected)).map(([id]) => id);

    const found = Object.entries(rules).map(([rule, broken]) => ({ rule, ids: where(broken) }));
    const missing = where(isMissing);
    const goal = expected.everySettled === true ? 'settled' : 'delivered';
    if (!counted) found.unshift({ rule: `confirmed, but neither ${goal} nor in the broker`, ids: missing });
    else if (missing.length > remaining) {
      found.unshift({ rule: `confirmed, but not ${goal}, where only ${remaining} are in the broker`, ids: missing });
    }
    return found.filter(({ ids }) => ids.length > 0);
  }

  /** How many messages there are in each state, one a line. */
  summary(): string {
    const entries = [...this.#entries.values()];
    const row = (name: string, counts: (entry: LedgerEntry) => boolean): string =>
      `${name.padEnd(12)}${String(entries.filter(counts).length).padStart(8)}`;
    return [
      row('attempted', (entry) => entry.attempts > 0),
      row('pending', (entry) => entry.end === 'pending'),
      row('confirmed', (entry) => entry.end === 'confirmed'),
      row('rejected', (entry) => entry.end === 'rejected'),
      row('uncertain', (entry) => entry.end === 'uncertain'),
      row('delivered', (entry) => entry.deliveries > 0),
      row('redelivered', (entry) => entry.redeliveries > 0),
      row('settled ok', (entry) => entry.settledOk > 0),
    ].join('\n');
  }

  #ended(id: string, end: PublishEnd, reason?: string): PublishEnd {
    const entry = this.#entry(id);
    this.#step(entry, reason === undefined ? end : `${end} (${reason})`, entry.end === 'pending');
    entry.end = end;
    if (end === 'uncertain') entry.wasUncertain = true;
    return end;
  }

  #step(entry: LedgerEntry, step: string, inOrder = true): void {
    entry.history.push(inOrder ? step : `${step} although ${entry.end}`);
    if (!inOrder) entry.outOfOrder = true;
  }

  #entry(id: string): LedgerEntry {
    const entry = this.#entries.get(id) ?? newEntry();
    this.#entries.set(id, entry);
    return entry;
  }
}

function newEntry(): LedgerEntry {
  return {
    attempts: 0,
    end: 'never attempted',
    wasUncertain: false,
    deliveries: 0,
    redeliveries: 0,
    settled: 0,
    settledOk: 0,
    outOfOrder: false,
    history: [],
  };
}
