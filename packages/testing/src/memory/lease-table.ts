import type { Clock, Linked } from '@kombu/core/spi';
import { LinkedList } from '@kombu/core/spi';
import { Alarm } from './alarm.ts';

/** An item in somebody's hands: until it is given back or done with, or the time is up and another may take it. */
export interface Lease<T> extends Linked<Lease<T>> {
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
  readonly #leases = new LinkedList<Lease<T>>();

  /** @param leaseMs `Infinity`: leases do not end by themselves. */
  constructor(clock: Clock, leaseMs: number, expired: (items: readonly T[]) => void) {
    this.#clock = clock;
    this.#leaseMs = leaseMs;
    this.#expired = expired;
    this.#alarm = new Alarm(clock, () => this.#ring());
  }

  get size(): number {
    return this.#leases.members().length;
  }

  /** When a lease that begins now ends. */
  endOfLease(): number {
    return this.#clock.now() + this.#leaseMs;
  }

  add(item: T, holder: object, until: number): Lease<T> {
    const lease: Lease<T> = { item, holder, until, previous: undefined, next: undefined, isLinked: false };
    this.#leases.push(lease);
    if (until !== Infinity && !this.#alarm.isSet) this.#alarm.set(until);
    return lease;
  }

  /** False when it was over already. */
  end(lease: Lease<T> | undefined): lease is Lease<T> {
    if (!lease?.isLinked) return false;
    this.#leases.remove(lease);
    return true;
  }

  /** False when it is over already. */
  renew(lease: Lease<T> | undefined): boolean {
    if (!this.end(lease)) return false;
    lease.until = this.endOfLease();
    this.#leases.push(lease);
    return true;
  }

  /** Ends all leases, or those of one holder; returns what they held. */
  endAll(holder?: object): T[] {
    const over = this.#leases.members().filter((lease) => holder === undefined || lease.holder === holder);
    for (const lease of over) this.end(lease);
    return over.map(({ item }) => item);
  }

  clear(): void {
    this.endAll();
    this.#alarm.clear();
  }

  #ring(): void {
    const now = this.#clock.now();
    const items: T[] = [];
    let next = this.#leases.first;
    for (; next && next.until <= now; next = this.#leases.first) {
      this.end(next);
      items.push(next.item);
    }
    if (next) this.#alarm.set(next.until);
    this.#expired(items);
  }
}
