import type { Clock, ClockTimer, DeliveryTag, SettleOutcome } from '@kombu/core/spi';
import type { ChannelLife } from './channel-life.ts';
import type { Flushed } from './socket.ts';
import { Unacked } from './unacked.ts';
import type { Holder } from './unacked.ts';
import type { WriteBuffer } from './wire/write-buffer.ts';

/** Timers cannot wait longer, some 24.8 days. The broker's own patience with an unacked delivery ends long before. */
const longestTimer = 2 ** 31 - 1;

const ok: Promise<SettleOutcome> = Promise.resolve('ok');
const leaseLost: Promise<SettleOutcome> = Promise.resolve('lease-lost');

/**
 * Acks and rejects of a channel. AMQP does not answer them, so they are done when they are handed over; they leave at the end
 * of the tick.
 */
export class Settlements implements Flushed {
  readonly #life: ChannelLife;
  readonly #clock: Clock;
  readonly #unacked: Unacked;
  /** Called after acks went out: there is credit again. */
  readonly #settled: () => void;
  readonly #timers = new Map<DeliveryTag, ClockTimer>();
  #isAsked = false;
  /** How many requests to take all back are on their way. */
  #recoveries = 0;

  constructor(life: ChannelLife, clock: Clock, settled: () => void) {
    this.#life = life;
    this.#clock = clock;
    this.#unacked = new Unacked(life.inner.ch);
    this.#settled = settled;
  }

  /** A delivery came. Without a holder it needs no ack. */
  add(tag: number, holder: Holder | undefined): void {
    this.#unacked.add(tag, holder);
  }

  ack(tag: DeliveryTag, multiple: boolean): Promise<SettleOutcome> {
    if (!this.#isOurs) return leaseLost;
    return this.#settle(() => this.#unacked.ack(tag, multiple));
  }

  reject(
    tag: DeliveryTag,
    { requeue, delay = 0 }: { readonly requeue: boolean; readonly delay?: number },
  ): Promise<SettleOutcome> {
    if (!this.#isOurs) return leaseLost;
    return this.#settle(() => {
      const outcome = this.#unacked.hold(tag);
      if (outcome === 'ok' && requeue && delay > 0) this.#releaseLater(tag as number, delay);
      else if (outcome === 'ok') this.#release(tag as number, requeue);
      return outcome;
    });
  }

  /** Back to the queue, without a word to anybody: it was never handed out. */
  giveBack(tag: DeliveryTag): void {
    if (!this.#isOurs || this.#unacked.hold(tag) !== 'ok') return;
    this.#release(tag as number, true);
    this.#ask();
  }

  /** The broker is about to be asked to take all back. It closes the channel for settling what it has taken back. */
  startRecovery(): void {
    this.#life.socket.flush();
    this.stop();
    this.#recoveries += 1;
  }

  /** The broker took all of them back, those that came since the request included. */
  loseAll(): void {
    this.#recoveries -= 1;
    this.#unacked.loseAll();
  }

  /** For the socket. */
  beforeFlush(out: WriteBuffer): void {
    this.#isAsked = false;
    if (this.#life.isOver) return;
    this.#unacked.flush(out);
    this.#settled();
  }

  /** Sends what waits to be sent. What is held for later goes back with the channel. */
  close(): void {
    this.stop();
    this.#unacked.flush(this.#life.socket.out);
    this.#life.socket.flush();
  }

  /** Leaves no timer behind. */
  stop(): void {
    for (const timer of this.#timers.values()) this.#clock.clearTimeout(timer);
    this.#timers.clear();
  }

  /** Does it still matter to the broker what we say about deliveries? */
  get #isOurs(): boolean {
    return !this.#life.isOver && this.#recoveries === 0;
  }

  #settle(settle: () => SettleOutcome): Promise<SettleOutcome> {
    try {
      const outcome = settle();
      this.#ask();
      return outcome === 'ok' ? ok : leaseLost;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #ask(): void {
    if (this.#isAsked) return;
    this.#isAsked = true;
    this.#life.socket.askBeforeFlush(this);
  }

  #release(tag: number, requeue: boolean): void {
    this.#unacked.release(this.#life.socket.out, tag, requeue);
  }

  /**
   * Held here, unacked and within the credit, until it is time: it comes back at its old place, marked as redelivered and with
   * its count, and at once when this process dies. A delayed copy would have none of this.
   */
  #releaseLater(tag: number, delay: number): void {
    const release = (): void => {
      this.#timers.delete(tag);
      if (this.#life.isOver) return;
      this.#release(tag, true);
      this.#ask();
    };
    this.#timers.set(tag, this.#clock.setTimeout(release, Math.min(delay, longestTimer)));
  }
}
