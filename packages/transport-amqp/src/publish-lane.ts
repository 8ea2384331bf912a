import type { Envelope, PublishWaiter, Route } from '@kombu/core/spi';
import type { Publish } from './confirms.ts';
import { PublishChannel } from './publish-channel.ts';
import type { PublishOwner } from './publish-channel.ts';
import { closedError, judge } from './publish-failures.ts';
import { settledWithin } from './settled-within.ts';
import { politeMs } from './socket.ts';

/**
 * Publishes on an AMQP channel of its own, opened with the first message. The broker closes that channel for a message it
 * refuses; the messages behind it go out again on the next one, for the broker has not looked at them.
 */
export class PublishLane {
  readonly #owner: PublishOwner;
  readonly #isConfirmed: boolean;
  #open: PublishChannel | undefined;
  #opening: Promise<void> | undefined;
  /** Messages that wait for the channel to open. The window of their producer bounds them. */
  #waiting: Publish[] = [];
  #closed: Promise<void> | undefined;

  /** @param isConfirmed - Does the broker confirm? Otherwise a message is done when it has left the process. */
  constructor(owner: PublishOwner, isConfirmed: boolean) {
    this.#owner = owner;
    this.#isConfirmed = isConfirmed;
  }

  publish(envelope: Envelope, route: Route, waiter: PublishWaiter): void {
    if (this.#closed) return waiter.failed(closedError('The channel'));
    const publish: Publish = { envelope, route, waiter, flushes: 0, isReturned: false };
    if (this.#open) return this.#open.send(publish);
    this.#waiting.push(publish);
    this.#opening ??= this.#openChannel();
  }

  /** Sends what was handed over and waits a little for answers. What has none by then is uncertain. Idempotent, never rejects. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #openChannel(): Promise<void> {
    const opening = PublishChannel.open(this.#owner, {
      isConfirmed: this.#isConfirmed,
      ended: (refusal, left) => this.#ended(refusal, left),
    });
    let failure: unknown;
    this.#open = await opening.catch((error: unknown) => void (failure = error));
    // Before anybody is told, who may publish again at once.
    this.#opening = undefined;
    for (const publish of this.#takeWaiting()) {
      if (this.#open) this.#open.send(publish);
      else publish.waiter.failed(failure);
    }
  }

  #takeWaiting(): Publish[] {
    const waiting = this.#waiting;
    this.#waiting = [];
    return waiting;
  }

  #ended(refusal: Error | undefined, left: readonly Publish[]): void {
    this.#open = undefined;
    if (!refusal) return;
    if (!this.#isConfirmed) {
      this.#owner.logger.warn('RabbitMQ refused a message that nobody waited for', { error: refusal });
    }
    const { failed, untouched } = judge(refusal, left);
    // First of all, for whoever hears of his failure may publish something at once, which belongs behind them.
    for (const { envelope, route, waiter } of untouched) this.publish(envelope, route, waiter);
    for (const { publish, error } of failed) publish.waiter.failed(error);
  }

  async #close(): Promise<void> {
    const opened = this.#opening ?? Promise.resolve();
    if (await settledWithin(opened, politeMs, this.#owner.clock)) return this.#open?.close();
    for (const { waiter } of this.#takeWaiting()) waiter.failed(closedError('The channel'));
    void opened.then(() => this.#open?.close());
  }
}
