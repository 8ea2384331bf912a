import type { ConsumeOptions, Delivery } from '@kombu/core/spi';
import type { Holder } from './unacked.ts';

/** A consumer of a channel, under the tag that its owner chose. */
export class AmqpConsumer implements Holder {
  readonly options: ConsumeOptions;
  /** Its tag at the broker; a new one with each change of its prefetch. */
  brokerTag: string;
  /** How many deliveries its owner may hold; 0: no limit. */
  limit: number;
  unsettled = 0;
  /** The requests about it, one after the other. */
  turn: Promise<void> = Promise.resolve();
  cancelling: Promise<void> | undefined;
  /** Came while the owner held as many as it may: only after a change of the prefetch. */
  #waiting: Delivery[] = [];
  #changes = 0;

  constructor(options: ConsumeOptions) {
    this.options = options;
    this.brokerTag = options.consumerTag;
    this.limit = options.prefetch;
  }

  get hasWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  /** Another tag at the broker, for a consumer that takes the place of this one. */
  nextBrokerTag(): string {
    this.#changes += 1;
    return `${this.options.consumerTag}~${this.#changes}`;
  }

  /** False: the owner may not have it yet; it waits here. */
  mayHandOut(delivery: Delivery): boolean {
    // The delivery counts as unsettled already, and so do those that wait.
    const isFull = this.limit > 0 && this.unsettled - this.#waiting.length > this.limit;
    if (!isFull && this.#waiting.length === 0) return true;
    this.#waiting.push(delivery);
    return false;
  }

  /** The next delivery that waits and may be handed out now. */
  nextWaiting(): Delivery | undefined {
    const handedOut = this.unsettled - this.#waiting.length;
    if (this.limit > 0 && handedOut >= this.limit) return undefined;
    return this.#waiting.shift();
  }

  /** Takes out all that waits, the newest first, so that each goes back in front of the one behind it. */
  takeWaiting(): Delivery[] {
    return this.#waiting.splice(0).toReversed();
  }
}
