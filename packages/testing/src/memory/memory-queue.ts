import type { Clock, GetOptions, OutgoingMessage, SettleOutcome, StoredMessage } from '@kombu/core/spi';
import { DelayLine } from './delay-line.ts';
import { type Lease, LeaseTable } from './lease-table.ts';
import { ReadyList } from './ready-list.ts';

/** A message in the queue, with its place. */
interface Entry {
  readonly payload: string;
  readonly priority: number;
  readonly expiresAt: number | undefined;
  sequence: number;
  /** How often it was taken. */
  taken: number;
}

/** Undefined: delivered without ack, nobody has to settle it. */
export type MemoryReceipt = Lease<Entry> | undefined;

export type MemoryMessage = StoredMessage<MemoryReceipt>;

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

/** One queue: what is ready by priority, what is taken, what is delayed, and who waits. */
export class MemoryQueue {
  readonly #clock: Clock;
  /** By priority, 0 to 9. */
  readonly #ready = Array.from({ length: 10 }, () => new ReadyList<Entry>());
  readonly #leases: LeaseTable<Entry>;
  readonly #delayed: DelayLine<Entry>;
  /** First come, first served. */
  readonly #waiting = new Set<WaitingGet>();
  #sequence = 0;
  #readyCount = 0;

  /** @param leaseMs `Infinity`: a message stays with its taker until he gives it back. */
  constructor(clock: Clock, leaseMs: number) {
    this.#clock = clock;
    this.#leases = new LeaseTable(clock, leaseMs, (entries) => this.#comeBack(entries));
    this.#delayed = new DelayLine(clock, (entries) => {
      // Its place counts from now on: those that were put meanwhile were there before it.
      for (const entry of entries) entry.sequence = this.#sequence++;
      this.#comeBack(entries);
    });
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
      this.#place({ payload, priority, expiresAt, sequence: this.#sequence++, taken: 0 }, delayMs);
    }
    this.#serve();
  }

  get(options: GetOptions, holder: object): Promise<readonly MemoryMessage[]> {
    const { max, waitMs, noAck, signal } = options;
    const taker = { holder, noAck, until: this.#leases.endOfLease() };
    const messages: MemoryMessage[] = [];
    while (messages.length < max) {
      const entry = this.#next();
      if (!entry) break;
      messages.push(this.#take(entry, taker));
    }
    const done = messages.length > 0 || waitMs <= 0 || signal.aborted;
    return done ? Promise.resolve(messages) : this.#wait(options, holder);
  }

  ack(receipts: readonly MemoryReceipt[]): SettleOutcome[] {
    return receipts.map((lease) => (this.#leases.end(lease) ? 'ok' : 'lease-lost'));
  }

  release(receipts: readonly MemoryReceipt[], delayMs: number): SettleOutcome[] {
    const outcomes = receipts.map((lease): SettleOutcome => {
      if (!this.#leases.end(lease)) return 'lease-lost';
      this.#place(lease.item, delayMs);
      return 'ok';
    });
    this.#serve();
    return outcomes;
  }

  renew(receipts: readonly MemoryReceipt[]): SettleOutcome[] {
    return receipts.map((lease) => (this.#leases.renew(lease) ? 'ok' : 'lease-lost'));
  }

  /** Removes the ready messages. */
  purge(): number {
    const count = this.size;
    for (const list of this.#ready) list.clear();
    this.#readyCount = 0;
    return count;
  }

  /** Ends all leases, or those of one connection, as if their time were up. */
  endLeases(holder?: object): void {
    this.#comeBack(this.#leases.endAll(holder));
  }

  /** Sends those away who wait on this connection. */
  dismiss(holder: object): void {
    for (const waiting of this.#waiting) if (waiting.holder === holder) waiting.resolve([]);
  }

  /** Drops everything, sends all waiters away, stops the timers. */
  close(): void {
    this.purge();
    this.#leases.clear();
    this.#delayed.clear();
    for (const waiting of this.#waiting) waiting.resolve([]);
  }

  #place(entry: Entry, delayMs: number): void {
    if (delayMs > 0) this.#delayed.add(entry, delayMs);
    else this.#enqueue(entry);
  }

  #comeBack(entries: readonly Entry[]): void {
    for (const entry of entries) this.#enqueue(entry);
    this.#serve();
  }

  #enqueue(entry: Entry): void {
    this.#ready[entry.priority]?.insert(entry);
    this.#readyCount += 1;
  }

  /** The oldest of the highest priority. */
  #next(): Entry | undefined {
    for (let priority = 9; priority >= 0 && this.#readyCount > 0; priority--) {
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
    const receipt = noAck ? undefined : this.#leases.add(entry, holder, until);
    return { payload: entry.payload, receipt, redelivered: deliveryCount > 0, deliveryCount };
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
    const until = this.#leases.endOfLease();
    const hands = Array.from(this.#waiting, (waiting) => ({
      waiting,
      taker: { holder: waiting.holder, noAck: waiting.noAck, until },
      messages: [] as MemoryMessage[],
    }));
    for (let open = hands; open.length > 0 && this.#readyCount > 0;) {
      for (const { taker, messages } of open) {
        const entry = this.#next();
        if (entry) messages.push(this.#take(entry, taker));
      }
      open = open.filter(({ waiting, messages }) => messages.length < waiting.max);
    }
    for (const { waiting, messages } of hands) if (messages.length > 0) waiting.resolve(messages);
  }
}
