import type { Clock } from '@kombu/core/spi';
import { Alarm } from './alarm.ts';

/** An item in somebody's hands: until it is given back or done with, or the time is up and another may take it. */
export interface Lease<T> {
  readonly item: T;
  readonly holder: object;
  until: number;
}

/** The leases of one queue. A lease object is its own receipt: it is worth something as long as it stands here. */
export class LeaseTable<T> {
  readonly #clock: Clock;
  readonly #leaseMs: number;
  readonly #expired: (items: readonly T[]) => void;
  readonly #alarm: Alarm;
  /** In the order in which they end, because all last equally long. */
  readonly #leases = new Set<Lease<T>>();

  /** @param leaseMs `Infinity`: leases do not end by themselves. */
  constructor(clock: Clock, leaseMs: number, expired: (items: readonly T[]) => void) {
    this.#clock = clock;
    this.#leaseMs = leaseMs;
    this.#expired = expired;
    this.#alarm = new Alarm(clock, () => this.#ring());
  }

  get size(): number {
    return this.#leases.size;
  }

  /** When a lease that begins now ends. */
  endOfLease(): number {
    return this.#clock.now() + this.#leaseMs;
  }

  add(item: T, holder: object, until: number): Lease<T> {
    const lease = { item, holder, until };
    this.#leases.add(lease);
    if (until !== Infinity && !this.#alarm.isSet) this.#alarm.set(until);
    return lease;
  }

  /** False when it was over already. */
  end(lease: Lease<T> | undefined): lease is Lease<T> {
    return lease !== undefined && this.#leases.delete(lease);
  }

  /** False when it is over already. */
  renew(lease: Lease<T> | undefined): boolean {
    if (!this.end(lease)) return false;
    lease.until = this.endOfLease();
    this.#leases.add(lease);
    return true;
  }

  /** Ends all leases, or those of one holder; returns what they held. */
  endAll(holder?: object): T[] {
    const items: T[] = [];
    for (const lease of this.#leases) {
      if (holder !== undefined && lease.holder !== holder) continue;
      this.#leases.delete(lease);
      items.push(lease.item);
    }
    return items;
  }

  clear(): void {
    this.#leases.clear();
    this.#alarm.clear();
  }

  #ring(): void {
    const now = this.#clock.now();
    const items: T[] = [];
    for (const lease of this.#leases) {
      if (lease.until > now) break;
      this.#leases.delete(lease);
      items.push(lease.item);
    }
    const [next] = this.#leases;
    if (next) this.#alarm.set(next.until);
    this.#expired(items);
  }
}
