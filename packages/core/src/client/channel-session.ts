import type { TransportChannel } from '../spi/transport.ts';

/**
 * One life of a channel: from its opening on one link to its end. Messages hold on to the session that delivered them, so that
 * a late ack can never reach a newer channel, where its tag may mean another message.
 */
export class ChannelSession {
  readonly channel: TransportChannel;
  readonly generation: number;
  #gone: Error | undefined;
  readonly #whenEnded = new Set<(reason: Error) => void>();

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

  /** Calls back once, when the session ends, or at once if it has; returns how to call that off. */
  onEnd(callback: (reason: Error) => void): () => void {
    if (this.#gone) callback(this.#gone);
    else this.#whenEnded.add(callback);
    return () => this.#whenEnded.delete(callback);
  }

  end(reason: Error): void {
    if (this.#gone) return;
    this.#gone = reason;
    for (const callback of this.#whenEnded) callback(reason);
    this.#whenEnded.clear();
  }
}
