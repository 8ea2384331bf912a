import type { Clock, ClockTimer, GetOptions, OutgoingMessage, SettleOutcome, StoredMessage } from '@kombu/core/spi';
import { ReadyList } from './ready-list.ts';

/** A message in the queue, with its place. */
interface Entry {
  readonly payload: string;
  readonly priority: number;
  readonly expiresAt: number | undefined;
  readonly sequence: number;
  /** How often it was taken. */
  taken: number;
}

/** A message in somebody's hands: until it is settled, or the time is up and another may take it. */
export interface MemoryLease {
  readonly entry: Entry;
  /** The connection that took it. */
  readonly holder: object;
  until: number;
}

interface Delayed {
  readonly entry: Entry;
  readonly due: number;
}

interface Taker {
  readonly holder: object;
  readonly noAck: boolean;
  /** When the leases of what it takes end. */
  readonly until: number;
}

interface WaitingGet extends Omit<Taker, 'until'> {
  readonly max: number;
  resolve(messages: readonly MemoryMessage[]): void;
}

/** Nobody has to settle what was delivered without ack. */
export type MemoryReceipt = MemoryLease | undefined;

export type MemoryMessage = StoredMessage<MemoryReceipt>;

export interface MemoryQueueParts {
  readonly clock: Clock;
  /** Infinity: a message stays with its taker until he gives it back. */
  readonly leaseMs: number;
}

/** Node's timers fire at once beyond this. */
const longestTimer = 2 ** 31 - 1;

/** One queue: what is ready by priority, what is taken, what is delayed, and who waits. */
export class MemoryQueue {
  readonly #clock: Clock;
  readonly #leaseMs: number;
  /** By priority, 0 to 9. */
  readonly #ready = Array.from({ length: 10 }, () => new ReadyList<Entry>());
  /** In the order in which they end, because all last equally long. */
  readonly #leases = new Set<MemoryLease>();
  /** Sorted, the first due first. */
  readonly #delayed: Delayed[] = [];
  /** First come, first served. */
  readonly #waiting = new Set<WaitingGet>();
  #leaseTimer: ClockTimer | undefined;
  #delayTimer: ClockTimer | undefined;
  #sequence = 0;
  #readyCount = 0;

  constructor({ clock, leaseMs }: MemoryQueueParts) {
    this.#clock = clock;
    this.#leaseMs = leaseMs;
  }

  /** Ready messages. */
  get size(): number {
    const now = this.#clock.now();
    for (const list of this.#ready) this.#dropExpired(list, now);
    return this.#readyCount;
  }

  /** Messages that somebody took and has not settled. */
  get leased(): number {
    return this.#leases.size;
  }

  get delayed(): number {
    return this.#delayed.length;
  }

  put(messages: readonly OutgoingMessage[]): void {
    for (const { payload, priority, delayMs, expiresAt } of messages) {
      const entry: Entry = { payload, priority, expiresAt, sequence: this.#sequence++, taken: 0 };
      if (delayMs > 0) this.#delay(entry, delayMs);
      else this.#enqueue(entry);
    }
    this.#serve();
  }

  get(options: GetOptions, holder: object): Promise<readonly MemoryMessage[]> {
    const { max, waitMs, noAck, signal } = options;
    const taker = { holder, noAck, until: this.#clock.now() + this.#leaseMs };
    const messages: MemoryMessage[] = [];
    while (messages.length < max) {
      const entry = this.#next();
      if (!entry) break;
      messages.push(this.#take(entry, taker));
    }
    return messages.length > 0 || waitMs <= 0 || signal.aborted ? Promise.resolve(messages) : this.#wait(options, holder);
  }

  ack(receipts: readonly MemoryReceipt[]): SettleOutcome[] {
    return receipts.map((lease) => (this.#end(lease) ? 'ok' : 'lease-lost'));
  }

  release(receipts: readonly MemoryReceipt[], delayMs: number): SettleOutcome[] {
    const outcomes = receipts.map((lease): SettleOutcome => {
      if (!this.#end(lease)) return 'lease-lost';
      if (delayMs > 0) this.#delay(lease.entry, delayMs);
      else this.#enqueue(lease.entry);
      return 'ok';
    });
    this.#serve();
    return outcomes;
  }

  renew(receipts: readonly MemoryReceipt[]): SettleOutcome[] {
    const until = this.#clock.now() + this.#leaseMs;
    return receipts.map((lease): SettleOutcome => {
      if (!this.#end(lease)) return 'lease-lost';
      lease.until = until;
      this.#leases.add(lease);
      return 'ok';
    });
  }

  /** Removes the ready messages. */
  purge(): number {
    const count = this.size;
    for (const list of this.#ready) list.clear();
    this.#readyCount = 0;
    return count;
  }

  /** What this connection holds is ready again. */
  releaseHeldBy(holder: object): void {
    this.release([...this.#leases].filter((lease) => lease.holder === holder), 0);
  }

  /** Sends those away who wait on this connection. */
  dismiss(holder: object): void {
    for (const waiting of [...this.#waiting]) if (waiting.holder === holder) waiting.resolve([]);
  }

  /** Ends all leases now, as if their time were up. */
  expireLeases(): void {
    this.release([...this.#leases], 0);
  }

  /** Drops everything, sends waiters away, stops the timers. */
  close(): void {
    this.purge();
    this.#leases.clear();
    this.#delayed.length = 0;
    for (const { resolve } of [...this.#waiting]) resolve([]);
    for (const timer of [this.#leaseTimer, this.#delayTimer]) if (timer) this.#clock.clearTimeout(timer);
    this.#leaseTimer = undefined;
    this.#delayTimer = undefined;
  }

  #enqueue(entry: Entry): void {
    this.#ready[entry.priority]?.insert(entry);
    this.#readyCount += 1;
  }

  /** The oldest of the highest priority. */
  #next(): Entry | undefined {
    if (this.#readyCount === 0) return undefined;
    for (let priority = 9; priority >= 0; priority--) {
      const list = this.#ready[priority] as ReadyList<Entry>;
      if (list.first?.expiresAt !== undefined) this.#dropExpired(list, this.#clock.now());
      const entry = list.shift();
      if (!entry) continue;
      this.#readyCount -= 1;
      return entry;
    }
    return undefined;
  }

  #dropExpired(list: ReadyList<Entry>, now: number): void {
    while ((list.first?.expiresAt ?? Infinity) <= now) {
      list.shift();
      this.#readyCount -= 1;
    }
  }

  #take(entry: Entry, { noAck, holder, until }: Taker): MemoryMessage {
    const deliveryCount = entry.taken++;
    const receipt = noAck ? undefined : this.#lease(entry, holder, until);
    return { payload: entry.payload, receipt, redelivered: deliveryCount > 0, deliveryCount };
  }

  #lease(entry: Entry, holder: object, until: number): MemoryLease {
    const lease = { entry, holder, until };
    this.#leases.add(lease);
    if (until !== Infinity && !this.#leaseTimer) this.#armLeases(until);
    return lease;
  }

  /** False when it was over already. */
  #end(lease: MemoryReceipt): lease is MemoryLease {
    return lease !== undefined && this.#leases.delete(lease);
  }

  #armLeases(at: number): void {
    this.#leaseTimer = this.#timer(at, () => {
      this.#leaseTimer = undefined;
      const now = this.#clock.now();
      const ended: MemoryLease[] = [];
      for (const lease of this.#leases) {
        if (lease.until > now) break;
        ended.push(lease);
      }
      this.release(ended, 0);
      const [next] = this.#leases;
      if (next && !this.#leaseTimer) this.#armLeases(next.until);
    });
  }

  #delay(entry: Entry, delayMs: number): void {
    const due = this.#clock.now() + delayMs;
    let index = this.#delayed.length;
    while (index > 0 && (this.#delayed[index - 1] as Delayed).due > due) index -= 1;
    this.#delayed.splice(index, 0, { entry, due });
    if (index > 0) return;
    if (this.#delayTimer) this.#clock.clearTimeout(this.#delayTimer);
    this.#armDelays(due);
  }

  #armDelays(at: number): void {
    this.#delayTimer = this.#timer(at, () => {
      this.#delayTimer = undefined;
      const now = this.#clock.now();
      while ((this.#delayed[0]?.due ?? Infinity) <= now) {
        const { entry } = this.#delayed.shift() as Delayed;
        // It counts from now on: those that were put meanwhile were there before it.
        this.#enqueue({ ...entry, sequence: this.#sequence++ });
      }
      if (this.#delayed[0]) this.#armDelays(this.#delayed[0].due);
      this.#serve();
    });
  }

  #timer(at: number, callback: () => void): ClockTimer {
    const timer = this.#clock.setTimeout(callback, Math.min(Math.max(0, at - this.#clock.now()), longestTimer));
    timer.unref();
    return timer;
  }

  #wait({ max, waitMs, noAck, signal }: GetOptions, holder: object): Promise<readonly MemoryMessage[]> {
    return new Promise((done) => {
      const resolve = (messages: readonly MemoryMessage[]): void => {
        this.#waiting.delete(waiting);
        this.#clock.clearTimeout(timer);
        signal.removeEventListener('abort', giveUp);
        done(messages);
      };
      const giveUp = (): void => resolve([]);
      const waiting: WaitingGet = { max, holder, noAck, resolve };
      const timer = this.#clock.setTimeout(giveUp, waitMs);
      signal.addEventListener('abort', giveUp, { once: true });
      this.#waiting.add(waiting);
    });
  }

  /** Deals what is ready to those who wait, one message each in turn. */
  #serve(): void {
    if (this.#waiting.size === 0 || this.#readyCount === 0) return;
    const until = this.#clock.now() + this.#leaseMs;
    const hands = Array.from(this.#waiting, (waiting) => ({
      waiting,
      taker: { ...waiting, until },
      messages: [] as MemoryMessage[],
    }));
    for (let open = hands; open.length > 0 && this.#readyCount > 0; ) {
      for (const { taker, messages } of open) {
        const entry = this.#next();
        if (entry) messages.push(this.#take(entry, taker));
      }
      open = open.filter(({ waiting, messages }) => messages.length < waiting.max);
    }
    for (const { waiting, messages } of hands) if (messages.length > 0) waiting.resolve(messages);
  }
}
