import type { DeliveryTag, SettleOutcome } from '@kombu/core/spi';
import { MessageStateError } from '@kombu/core/spi';
import { writeAck, writeReject } from './wire/settle-writer.ts';
import type { WriteBuffer } from './wire/write-buffer.ts';

/** Whose credit a delivery uses: a consumer's, or nobody's when it came by get. */
export interface Holder {
  /** Deliveries that were handed out and are not settled. */
  unsettled: number;
}

/** Settled by us; the ack goes out with the next flush. */
const acked = Symbol('acked');
/** Settled by us; the broker learns of it later. */
const held = Symbol('held');

/** Tags rise one by one; brokers other than RabbitMQ may leave out some, but none would leave out so many. */
const maxTagStep = 65_536;

/** `undefined`: both sides count it as settled. */
type Entry = Holder | typeof acked | typeof held | undefined;

/**
 * The deliveries of a channel by their tags, which the broker counts up from 1. Acks are gathered: a run of them from the
 * oldest unsettled delivery on needs one frame only. No frame ever covers a delivery that is not settled.
 */
export class Unacked {
  readonly #channel: number;
  #entries: Entry[] = [];
  /** The tag of the first entry. */
  #first = 1;
  /** Below this index all entries are settled on both sides. */
  #head = 0;
  /** All deliveries up to this tag the broker has taken back. */
  #lostUpTo = 0;
  /** Tags whose acks wait for the flush. */
  #waiting: number[] = [];

  constructor(channel: number) {
    this.#channel = channel;
  }

  /** A delivery came; without a holder it counts as settled. Throws for a tag that cannot be. */
  add(tag: number, holder: Holder | undefined): void {
    const entries = this.#entries;
    const step = tag - this.#last;
    if (step < 1 || step > maxTagStep) throw new Error(`The broker sent the delivery tag ${tag} after ${this.#last}`);
    if (this.#head === entries.length) {
      entries.length = 0;
      this.#head = 0;
      this.#first = tag;
    }
    entries[tag - this.#first] = holder;
    if (holder) holder.unsettled += 1;
    else this.#advance();
  }

  /** Marks it as acked; with `multiple` all unsettled ones before it, too. `flush` sends it. */
  ack(tag: DeliveryTag, multiple: boolean): SettleOutcome {
    if (this.#isLost(tag)) return 'lease-lost';
    const index = this.#indexOf(tag);
    if (multiple) {
      for (let before = this.#head; before < index; before++) {
        const entry = this.#entries[before];
        if (typeof entry === 'object') this.#ack(before, entry);
      }
    }
    this.#ack(index, this.#entries[index] as Holder);
    return 'ok';
  }

  /** Takes a delivery out of its holder's hands, to be rejected now (`writeReject`) or later (`release`). */
  hold(tag: DeliveryTag): SettleOutcome {
    if (this.#isLost(tag)) return 'lease-lost';
    const index = this.#indexOf(tag);
    (this.#entries[index] as Holder).unsettled -= 1;
    this.#entries[index] = held;
    return 'ok';
  }

  /** Gives a held delivery back or away. False when the broker has it back already. */
  release(out: WriteBuffer, tag: number, requeue: boolean): boolean {
    const index = tag - this.#first;
    if (this.#entries[index] !== held) return false;
    this.#entries[index] = undefined;
    writeReject(out, this.#channel, tag, requeue);
    this.#advance();
    return true;
  }

  /** The broker took all back, as `recover` asks it to. */
  loseAll(): void {
    for (const entry of this.#entries) if (typeof entry === 'object') entry.unsettled -= 1;
    this.#lostUpTo = this.#last;
    this.#first = this.#lostUpTo + 1;
    this.#waiting = [];
    this.#entries = [];
    this.#head = 0;
  }

  /** Writes the acks: one frame for the run at the front, one for each beyond. */
  flush(out: WriteBuffer): void {
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    this.#waiting = [];
    const covered = this.#ackRun(out);
    for (const tag of waiting) {
      if (tag <= covered) continue;
      this.#entries[tag - this.#first] = undefined;
      writeAck(out, this.#channel, tag, false);
    }
    this.#advance();
  }

  /** Acks from the front up to the first delivery that is not settled; answers the last tag that this covered. */
  #ackRun(out: WriteBuffer): number {
    const entries = this.#entries;
    let count = 0;
    let last = -1;
    let index = this.#head;
    for (; index < entries.length; index++) {
      const entry = entries[index];
      if (entry === acked) {
        entries[index] = undefined;
        count += 1;
        last = index;
      } else if (entry !== undefined) break;
    }
    if (count === 0) return 0;
    const tag = this.#first + last;
    writeAck(out, this.#channel, tag, count > 1);
    return tag;
  }

  #ack(index: number, holder: Holder): void {
    holder.unsettled -= 1;
    this.#entries[index] = acked;
    this.#waiting.push(this.#first + index);
  }

  get #last(): number {
    return this.#first + this.#entries.length - 1;
  }

  #isLost(tag: DeliveryTag): boolean {
    return typeof tag === 'number' && tag > 0 && tag <= this.#lostUpTo;
  }

  /** Where an unsettled delivery stands. */
  #indexOf(tag: DeliveryTag): number {
    const index = typeof tag === 'number' ? tag - this.#first : -1;
    if (typeof this.#entries[index] === 'object') return index;
    throw new MessageStateError(
      `There is no unsettled delivery with the tag ${String(tag)} on this channel: it was settled before, or never came`,
    );
  }

  #advance(): void {
    const entries = this.#entries;
    while (this.#head < entries.length && entries[this.#head] === undefined) this.#head += 1;
    if (this.#head > 4096 && this.#head * 2 > entries.length) {
      entries.splice(0, this.#head);
      this.#first += this.#head;
      this.#head = 0;
    }
  }
}
