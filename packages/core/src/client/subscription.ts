import type { KombuError } from '../errors.ts';
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

/** A desired consumer of one queue, under one tag. */
export class Subscription {
  options: ConsumeOptions;
  readonly sink: SubscriptionSink;
  phase: SubscriptionPhase = 'subscribing';
  lastError: KombuError | undefined;
  lastDeliveryAt: number | undefined;
  /** The session on which it is set up, or being set up. */
  session: ChannelSession | undefined;
  /** Somebody is at it until it is `consuming`; one at a time. */
  isBeingSetUp = true;
  /** Resolves when the broker has answered the last request to consume, in whatever way. */
  answered: Promise<void> = Promise.resolve();
  readonly #unwanted = new AbortController();

  constructor(options: ConsumeOptions, sink: SubscriptionSink) {
    this.options = options;
    this.sink = sink;
  }

  get wanted(): boolean {
    return this.phase === 'subscribing' || this.phase === 'consuming';
  }

  /** Fires when it is no longer wanted. */
  get unwanted(): AbortSignal {
    return this.#unwanted.signal;
  }

  cancel(reason: Error): void {
    this.phase = 'cancelled';
    this.#unwanted.abort(reason);
  }
}
