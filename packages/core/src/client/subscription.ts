import type { KombuError } from '../errors.ts';
import { isConnectionError } from '../errors.ts';
import type { ConsumeOptions } from '../spi/declarations.ts';
import type { Delivery } from '../spi/envelope.ts';
import type { ChannelSession } from './channel-session.ts';

/**
 * `subscribing`: wanted, not yet (or not again) acknowledged by the broker. `consuming`: acknowledged on the current link.
 * `failed`: the broker refused for good. `cancelled`: no longer wanted.
 */
export type SubscriptionPhase = 'subscribing' | 'consuming' | 'failed' | 'cancelled';

/** What a consumer wants from a channel: the channel keeps it up over links and cancels by the broker. */
export interface SubscriptionSink {
  deliver(delivery: Delivery, session: ChannelSession): void;
  /** The session that fed this subscription ended; its unsettled messages are lost to us. */
  interrupted(reason: Error): void;
  /** The broker cancelled it; it is being set up again. */
  cancelledByBroker(reason: Error | undefined): void;
  /** The broker refused to set it up again; nothing more will come. */
  failed(error: KombuError): void;
}

/** A subscription that was up shorter than this, in milliseconds, is set up again more slowly each time. */
const stableAfterMs = 5000;

/** A desired consumer of one queue, under one tag. */
export class Subscription {
  options: ConsumeOptions;
  readonly sink: SubscriptionSink;
  lastDeliveryAt: number | undefined;
  /** Why it is not up, or what the last try to set it up met. */
  lastError: KombuError | undefined;
  /** The session on which it is set up, or being set up. */
  session: ChannelSession | undefined;
  /** Somebody is at it until it is `consuming`; one at a time. */
  isBeingSetUp = true;
  /** Resolves when the broker has answered the last request to consume, in whatever way. */
  answered: Promise<void> = Promise.resolve();
  /** Set when it is cancelled; resolves when the broker knows. */
  removed: Promise<void> | undefined;
  readonly #unwanted = new AbortController();
  #phase: SubscriptionPhase = 'subscribing';
  #upSince = 0;
  #lostAt: number | undefined;
  #flaps = 0;

  constructor(options: ConsumeOptions, sink: SubscriptionSink) {
    this.options = options;
    this.sink = sink;
  }

  get phase(): SubscriptionPhase {
    return this.#phase;
  }

  get wanted(): boolean {
    return this.#phase === 'subscribing' || this.#phase === 'consuming';
  }

  /** Fires when it is no longer wanted. */
  get unwanted(): AbortSignal {
    return this.#unwanted.signal;
  }

  /** Since when it is away after it had been up, in milliseconds since 1970. */
  get lostAt(): number | undefined {
    return this.#lostAt;
  }

  /** How often in a row it was lost soon after it was up, on a link that lived on. */
  get flaps(): number {
    return this.#flaps;
  }

  /** The broker counts it as subscribed. */
  started(now: number): void {
    this.#phase = 'consuming';
    this.#upSince = now;
    this.#lostAt = undefined;
    this.isBeingSetUp = false;
    this.lastError = undefined;
  }

  /** Its session ended, or the broker cancelled it. */
  lost(reason: KombuError, now: number): void {
    if (this.#phase === 'consuming') {
      this.#lostAt = now;
      const isFlap = now - this.#upSince < stableAfterMs && !isConnectionError(reason);
      this.#flaps = isFlap ? this.#flaps + 1 : 0;
    }
    this.#phase = 'subscribing';
    this.session = undefined;
    this.lastError = reason;
  }

  fail(error: KombuError): void {
    this.#phase = 'failed';
    this.lastError = error;
    this.sink.failed(error);
  }

  cancel(reason: Error): void {
    this.#phase = 'cancelled';
    this.#unwanted.abort(reason);
  }
}
