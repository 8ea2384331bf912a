import type { Clock, ClockTimer } from '../clock.ts';
import type { Logger } from '../logger.ts';
import type { SettleOutcome } from '../spi/envelope.ts';

/** A message that is ours for a limited time. */
export interface Lease {
  readonly queue: string;
  readonly receipt: unknown;
  /** When it ends unless it is renewed, in wall-clock milliseconds. */
  leaseUntil: number;
}

export interface LeaseRenewerParts<L extends Lease> {
  readonly clock: Clock;
  readonly logger: Logger;
  /** The lease time, in milliseconds. */
  readonly leaseMs: number;
  /** All leases that are held now: of messages that wait in a buffer as well as of those in a handler's hands. */
  held(): Iterable<L>;
  /** Is it still held? It may have been settled while its renewal was under way. */
  isHeld(lease: L): boolean;
  renew(queue: string, receipts: readonly unknown[]): Promise<void | readonly SettleOutcome[]>;
  /** The lease is lost: another may have the message now. */
  lost(lease: L, why: string): void;
}

const maxBatch = 1000;

/**
 * Keeps the leases of one connection: every third of the lease time it renews all that are held, in batches per queue. A
 * renewal that fails is tried again at the next tick, as long as the lease has time. A timer runs only while something is
 * leased.
 */
export class LeaseRenewer<L extends Lease> {
  readonly #parts: LeaseRenewerParts<L>;
  readonly #tickMs: number;
  readonly #underWay = new Set<string>();
  #timer: ClockTimer | undefined;
  #stopped = false;

  constructor(parts: LeaseRenewerParts<L>) {
    this.#parts = parts;
    this.#tickMs = Math.max(1, Math.floor(parts.leaseMs / 3));
  }

  /** Something was leased. Cheap while the timer runs. */
  wake(): void {
    if (this.#timer || this.#stopped) return;
    this.#timer = this.#parts.clock.setTimeout(() => this.#tick(), this.#tickMs);
    this.#timer.unref();
  }

  stop(): void {
    this.#stopped = true;
    if (this.#timer) this.#parts.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #tick(): void {
    this.#timer = undefined;
    const queues = this.#heldByQueue();
    if (queues.size === 0) return;
    for (const [queue, leases] of queues) {
      if (this.#underWay.has(queue)) this.#expire(queue, leases, 'its renewal got no answer in time');
      else void this.#renewQueue(queue, leases);
    }
    this.wake();
  }

  #heldByQueue(): Map<string, L[]> {
    const queues = new Map<string, L[]>();
    for (const lease of this.#parts.held()) {
      const leases = queues.get(lease.queue);
      if (leases) leases.push(lease);
      else queues.set(lease.queue, [lease]);
    }
    return queues;
  }

  async #renewQueue(queue: string, leases: readonly L[]): Promise<void> {
    this.#underWay.add(queue);
    for (let start = 0; start < leases.length && !this.#stopped; start += maxBatch) {
      await this.#renewBatch(queue, leases.slice(start, start + maxBatch));
    }
    this.#underWay.delete(queue);
  }

  async #renewBatch(queue: string, leases: readonly L[]): Promise<void> {
    const { clock, leaseMs, logger } = this.#parts;
    // Counted from the request: the store may have carried it out long before its answer came.
    const until = clock.now() + leaseMs;
    try {
      const receipts = leases.map(({ receipt }) => receipt);
      const outcomes = await this.#parts.renew(queue, receipts);
      const lost = leases.filter((lease, index) => {
        if (outcomes?.[index] === 'lease-lost') return true;
        lease.leaseUntil = until;
        return false;
      });
      this.#lose(queue, lost, 'the broker says so');
    } catch (error) {
      logger.warn(
        `The leases of ${leases.length} messages of the queue ${JSON.stringify(queue)} could not be renewed`,
        {
          error,
        },
      );
      this.#expire(queue, leases, 'it could not be renewed in time');
    }
  }

  /** Those whose time is up are lost; the others have another chance. */
  #expire(queue: string, leases: readonly L[], why: string): void {
    const now = this.#parts.clock.now();
    const expired = leases.filter(({ leaseUntil }) => leaseUntil <= now);
    this.#lose(queue, expired, why);
  }

  #lose(queue: string, leases: readonly L[], why: string): void {
    if (this.#stopped) return;
    const lost = leases.filter((lease) => this.#parts.isHeld(lease));
    if (lost.length === 0) return;
    this.#parts.logger.warn(
      `The leases of ${lost.length} messages of the queue ${JSON.stringify(queue)} are lost (${why}): others may have them now`,
    );
    for (const lease of lost) this.#parts.lost(lease, why);
  }
}
