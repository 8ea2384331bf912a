import type { ChannelEvents } from '@kombu/core/spi';

import type { Gate } from './gate.ts';

/** The events of one channel: held back while the line is shut, over when the channel is. */
export class ChannelRelay implements ChannelEvents {
  readonly #events: ChannelEvents;
  readonly #traffic: Gate;
  readonly #onEnd: () => void;
  readonly #held: (() => void)[] = [];
  #ended = false;

  constructor(events: ChannelEvents, traffic: Gate, onEnd: () => void) {
    this.#events = events;
    this.#traffic = traffic;
    this.#onEnd = onEnd;
  }

  delivery(...args: Parameters<ChannelEvents['delivery']>): void {
    this.#pass(() => this.#events.delivery(...args));
  }

  returned(...args: Parameters<ChannelEvents['returned']>): void {
    this.#pass(() => this.#events.returned(...args));
  }

  cancelled(...args: Parameters<ChannelEvents['cancelled']>): void {
    this.#pass(() => this.#events.cancelled(...args));
  }

  flow(...args: Parameters<ChannelEvents['flow']>): void {
    this.#pass(() => this.#events.flow(...args));
  }

  closed(error?: Error): void {
    this.#pass(() => this.end(error));
  }

  /** Tells the owner that the channel is gone, once. */
  end(error: Error | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#onEnd();
    this.#events.closed(error);
  }

  #pass(tell: () => void): void {
    if (this.#ended) return;
    if (!this.#traffic.isShut && this.#held.length === 0) return tell();
    this.#held.push(tell);
    if (this.#held.length === 1) void this.#release();
  }

  async #release(): Promise<void> {
    while (this.#held.length > 0) {
      await this.#traffic.pass();
      // All in one go: a break of the link that was held up too comes after them.
      while (this.#held.length > 0 && !this.#traffic.isShut) {
        const tell = this.#held.shift();
        if (!this.#ended) tell?.();
      }
    }
  }
}
