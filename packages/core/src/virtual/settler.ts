import type { SettleOutcome } from '../spi/envelope.ts';
import type { StoredMessage } from '../spi/queue-store.ts';
import { deadEnvelope, type DeathReason, type Dying } from './dead-letter.ts';
import type { DeclaredQueue } from './declared-queue.ts';
import type { VirtualLink } from './link.ts';
import type { Publisher } from './publisher.ts';
import type { StoreCalls } from './store-calls.ts';
import type { Batch, UnackedDelivery } from './unacked.ts';
import { markRedelivered } from './wire-mark.ts';

/** The ways in which a message leaves the hands of a consumer. */
export class Settler {
  readonly #link: VirtualLink;
  readonly #calls: StoreCalls;
  readonly #publisher: Publisher;

  constructor(link: VirtualLink, calls: StoreCalls, publisher: Publisher) {
    this.#link = link;
    this.#calls = calls;
    this.#publisher = publisher;
  }

  /** The message is done. */
  ack(queue: string, receipt: unknown): Promise<SettleOutcome> {
    return this.#calls.ack(queue, receipt);
  }

  /** Back to the queue it came from, never through an exchange: other queues have their own copies. */
  requeue(delivery: UnackedDelivery, delayMs: number): Promise<SettleOutcome> {
    const { queue, receipt, payload } = delivery;
    return payload === undefined
      ? this.#calls.release(queue, receipt, delayMs)
      : this.#rewrite(delivery, markRedelivered(payload, (delivery.deliveryCount ?? 0) + 1), delayMs);
  }

  /** For stores without `release`: a copy first, then the ack, so that a crash between the two loses nothing. */
  async #rewrite(delivery: UnackedDelivery, payload: string, delayMs: number): Promise<SettleOutcome> {
    const { queue, receipt, expiresAt, envelope, batch } = delivery;
    // The queue is deleted: a copy would bring it back to life.
    if (batch.declared?.deleted) return 'lease-lost';
    const priority = this.#publisher.storedPriority(envelope.properties.priority, queue);
    const message = { payload, priority, delayMs, expiresAt, properties: envelope.properties };
    await new Promise<void>((resolve, reject) => {
      this.#calls.putBack(queue, message, { stored: resolve, failed: reject });
    });
    return this.#calls.ack(queue, receipt);
  }

  /** To the dead-letter exchange of its queue, or gone. */
  async discard(
    dying: Dying,
    receipt: unknown,
    declared: DeclaredQueue | undefined,
    reason: DeathReason,
  ): Promise<SettleOutcome> {
    const exchange = declared?.policy.deadLetterExchange;
    if (exchange !== undefined) {
      const dead = deadEnvelope(dying, reason, this.#link.clock.now());
      const routingKey = declared?.policy.deadLetterRoutingKey ?? dying.routingKey;
      await this.#publisher.deadLetter(dead, reason, exchange, routingKey);
    }
    return receipt === undefined ? 'ok' : this.#calls.ack(dying.queue, receipt);
  }

  /**
   * Gives back what was taken from the store and not delivered to anybody. Never rejects: what cannot be given back is
   * logged, and comes back when its lease ends.
   */
  async giveBack(batch: Batch, messages: readonly StoredMessage<unknown>[]): Promise<void> {
    if (batch.declared?.deleted) return;
    const release = this.#link.store.release !== undefined && messages.every(({ receipt }) => receipt !== undefined);
    // Released newest first, they end up in their old order; copies go to the end of the queue, oldest first.
    const ordered = release ? messages.toReversed() : messages;
    const results = await Promise.allSettled(ordered.map((message) => this.#giveBackOne(batch, message, release)));
    const failed = results.filter((result) => result.status === 'rejected');
    if (failed.length === 0) return;
    this.#link.logger.error(
      `${failed.length} messages of the queue ${JSON.stringify(batch.queue)} could not be given back; they come back when their lease ends`,
      { error: failed[0]?.reason as unknown },
    );
  }

  async #giveBackOne(batch: Batch, message: StoredMessage<unknown>, release: boolean): Promise<void> {
    const { receipt, payload } = message;
    if (release) {
      await this.#calls.release(batch.queue, receipt, 0);
      return;
    }
    await this.#publisher.putBack(batch.queue, payload);
    if (receipt !== undefined) await this.#calls.ack(batch.queue, receipt);
  }
}
