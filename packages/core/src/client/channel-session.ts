import type { TransportChannel } from '../spi/transport.ts';

/**
 * One life of a channel: from its opening on one link to its end. Messages hold on to the session that delivered them, so that
 * a late ack can never reach a newer channel, where its tag may mean another message.
 */
export class ChannelSession {
  readonly channel: TransportChannel;
  readonly generation: number;
  #gone: Error | undefined;
  #controller: AbortController | undefined;

  constructor(channel: TransportChannel, generation: number) {
    this.channel = channel;
    this.generation = generation;
  }

  get alive(): boolean {
    return this.#gone === undefined;
  }

  /** Why it ended. */
  get reason(): Error | undefined {
    return this.#gone;
  }

  /** Fires when the session ends. Made on first use: most messages never ask. */
  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.#gone) this.#controller.abort(this.#gone);
    }
    return this.#controller.signal;
  }

  end(reason: Error): void {
    if (this.#gone) return;
    this.#gone = reason;
    this.#controller?.abort(reason);
  }
}
