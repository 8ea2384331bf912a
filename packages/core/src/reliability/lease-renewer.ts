import type { Clock, ClockTimer } from '../clock.ts';
import type { Logger } from '../logger.ts';
import type { SettleOutcome } from '../spi/envelope.ts';

/** A message that is ours for a limited time. */
export interface Lease {
  readonly queue: string;
  readonly receipt: unknown;
  /** Since when it is ours, in wall-clock milliseconds. */
  readonly takenAt: number;
  /** When it ends unless it is renewed, in wall-clock milliseconds. */
  leaseUntil: number;
  /** Set while the broker is asked to renew it; never rejects. Whoever settles the message waits for it. */
  renewal: Promise<void> | undefined;
}

export interface LeaseRenewerParts<L extends Lease> {
  readonly clock: Clock;
  readonly logger: Logger;
  /** The lease time, in milliseconds. */
  readonly leaseMs: number;
  /** How long a message can be ours in all, however often its lease is renewed, in milliseconds. */
  readonly maxLeaseMs: number;
  /** All leases that are held now: of messages that wait in a buffer as well as of those in a handler's hands. */
  held(): Iterable<L>;
  /** Is it still held? It may have been settled meanwhile. */
  isHeld(lease: L): boolean;
  /** Has to settle at the latest when the link ends. */
  renew(queue: string, receipts: readonly unknown[]): Promise<void | readonly SettleOutcome[]>;
  /** The lease is lost: another may have the message now, or soon. */
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
  /** By queue. */
  readonly #underWay = new Map<string, Promise<void>>();
  #timer: ClockTimer | undefined;
  #stopped = false;

  constructor(parts: LeaseRenewerParts<L>) {
    this.#parts = parts;
    this.#tickMs = Math.max(1, Math.floor(parts.leaseMs / 3));
  }

  /** Something was leased. Cheap while the timer runs. */
  wake(): void {
    if (!this.#timer && !this.#stopped) this.#sleep(this.#tickMs);
  }

  /** Resolves when the renewals that are under way now are done. */
  async idle(): Promise<void> {
    await Promise.all(this.#underWay.values());
  }

  stop(): void {
    this.#stopped = true;
    if (this.#timer) this.#parts.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #sleep(ms: number): void {
    this.#timer = this.#parts.clock.setTimeout(() => this.#tick(), ms);
    this.#timer.unref();
  }

  #tick(): void {
    this.#timer = undefined;
    const queues = this.#heldByQueue();
    if (queues.size === 0) return;
    const now = this.#parts.clock.now();
    let next = now + this.#tickMs;
    for (const [queue, leases] of queues) {
      for (const lease of this.#loseEnded(queue, leases)) next = Math.min(next, lease.leaseUntil);
      if (this.#underWay.has(queue)) continue;
      const renewed = this.#renewQueue(queue, leases).finally(() => this.#underWay.delete(queue));
      this.#underWay.set(queue, renewed);
    }
    this.#sleep(next - now);
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
    for (let start = 0; start < leases.length && !this.#stopped; start += maxBatch) {
      // A message may have been settled while those before it were renewed.
      const batch = leases.slice(start, start + maxBatch).filter((lease) => this.#parts.isHeld(lease));
      if (batch.length === 0) continue;
      const renewal = this.#renewBatch(queue, batch);
      for (const lease of batch) lease.renewal = renewal;
      await renewal;
      for (const lease of batch) lease.renewal = undefined;
    }
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
      if (this.#stopped) return;
      logger.warn(
        `The leases of ${leases.length} messages of the queue ${JSON.stringify(queue)} could not be renewed`,
        {
          error,
        },
      );
      this.#loseEnded(queue, leases);
    }
  }

  /**
   * Those whose time is up are lost, whatever the broker would say: after a stall of this process the handlers have to know
   * before they go on. So are those that cannot be renewed any more, which leaves their handlers the rest of the lease. Answers
   * with the others.
   */
  #loseEnded(queue: string, leases: readonly L[]): readonly L[] {
    const { clock, leaseMs, maxLeaseMs } = this.#parts;
    const now = clock.now();
    const isOver = ({ leaseUntil }: L): boolean => leaseUntil <= now;
    const isOld = ({ takenAt }: L): boolean => now + leaseMs > takenAt + maxLeaseMs;
    this.#lose(queue, leases.filter(isOver), 'they were not renewed in time');
    this.#lose(queue, leases.filter(isOld), `the broker lets nobody keep a message longer than ${maxLeaseMs} ms`);
    return leases.filter((lease) => !isOver(lease) && !isOld(lease));
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
