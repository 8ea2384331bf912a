import type { Clock } from '../clock.ts';
import { TimeoutError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { bounded } from '../reliability/deadline.ts';
import type { TransportChannel } from '../spi/transport.ts';
import { defaultOperationTimeout } from './control.ts';

/**
 * One life of a channel: from its opening on one link to its end. Messages hold on to the session that delivered them, so that
 * a late ack can never reach a newer channel, where its tag may mean another message.
 */
export class ChannelSession {
  readonly channel: TransportChannel;
  readonly generation: number;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #gone: Error | undefined;
  readonly #whenEnded = new Set<(reason: Error) => void>();

  constructor(
    channel: TransportChannel,
    generation: number,
    owner: { readonly clock: Clock; readonly logger: Logger },
  ) {
    this.channel = channel;
    this.generation = generation;
    this.#clock = owner.clock;
    this.#logger = owner.logger;
  }

  get alive(): boolean {
    return this.#gone === undefined;
  }

  /** Why it ended. */
  get reason(): Error | undefined {
    return this.#gone;
  }

  /**
   * The answer to a request that changes the state of the channel. When it does not come in time, nobody knows that state: the
   * session is abandoned, and the caller gets the TimeoutError.
   */
  async ask<T>(answer: Promise<T>, doing: string): Promise<T> {
    try {
      return await bounded(answer, { timeout: defaultOperationTimeout }, this.#clock, doing);
    } catch (error) {
      if (error instanceof TimeoutError) this.abandon(error);
      throw error;
    }
  }

  /** Calls back once, when the session ends, or at once if it has; returns how to call that off. */
  onEnd(callback: (reason: Error) => void): () => void {
    if (this.#gone) callback(this.#gone);
    else this.#whenEnded.add(callback);
    return () => this.#whenEnded.delete(callback);
  }

  /** It is over: on the word of the broker, with its link, or closed by its owner. */
  end(reason: Error): void {
    if (this.#gone) return;
    this.#gone = reason;
    for (const callback of this.#whenEnded) callback(reason);
    this.#whenEnded.clear();
  }

  /** Ends it from this side, for a channel that is of no use any more. */
  abandon(reason: Error): void {
    if (this.#gone) return;
    this.end(reason);
    this.#logger.warn('A channel is given up', { error: reason });
    this.channel
      .close()
      .catch((error: unknown) => this.#logger.debug('A channel could not be closed politely', { error }));
  }
}
