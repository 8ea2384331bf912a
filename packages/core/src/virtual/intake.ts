import type { Clock } from '../clock.ts';
import type { StoredMessage } from '../spi/queue-store.ts';
import type { DeathReason } from './dead-letter.ts';
import type { VirtualLink } from './link.ts';
import type { Settler } from './settler.ts';
import { UnackedDelivery, deliveryCountOf, type Batch, type Unacked } from './unacked.ts';
import { EnvelopeReader } from './envelope-reader.ts';
import type { WireMessage } from './wire-reader.ts';

/** Makes deliveries of what a store gave. One per channel. */
export class Intake {
  readonly #link: VirtualLink;
  readonly #reader = new EnvelopeReader();
  readonly #settler: Settler;
  readonly #unacked: Unacked;
  readonly #clock: Clock;
  readonly #keepPayload: boolean;
  readonly #leaseMs: number;
  readonly #leased: () => void;

  /** @param leased is called when something is leased that has to be renewed. */
  constructor(link: VirtualLink, settler: Settler, unacked: Unacked, leased: () => void) {
    this.#link = link;
    this.#settler = settler;
    this.#unacked = unacked;
    this.#clock = link.clock;
    this.#keepPayload = link.store.release === undefined;
    this.#leaseMs = link.leaseMs;
    this.#leased = leased;
  }

  batch(queue: string, noAck: boolean, consumer: Batch['consumer']): Batch {
    const declared = this.#link.topology.queue(queue);
    return { queue, declared, noAck, consumer, takenAt: this.#clock.now(), unacked: this.#unacked };
  }

  /** Undefined for a message that nobody may get any more: it is being discarded. */
  take(stored: StoredMessage<unknown>, batch: Batch): UnackedDelivery | undefined {
    const message = this.#reader.read(stored.payload);
    const death = this.#death(message, stored, batch);
    if (death !== undefined) {
      void this.#discard(message, stored, batch, death);
      return undefined;
    }
    const delivery = new UnackedDelivery(
      this.#unacked.nextTag(),
      message,
      stored,
      batch,
      this.#keepPayload && !batch.noAck,
    );
    if (batch.noAck) void this.#forget(stored, batch);
    else this.#hold(delivery, batch);
    return delivery;
  }

  #hold(delivery: UnackedDelivery, batch: Batch): void {
    this.#unacked.add(delivery);
    if (this.#leaseMs === Infinity) return;
    delivery.leaseUntil = batch.takenAt + this.#leaseMs;
    this.#leased();
  }

  #death(message: WireMessage, stored: StoredMessage<unknown>, batch: Batch): DeathReason | undefined {
    if (message.expiresAt !== undefined && message.expiresAt <= batch.takenAt) return 'expired';
    const limit = batch.declared?.policy.deliveryLimit;
    if (limit !== undefined && (deliveryCountOf(message, stored) ?? 0) > limit) return 'delivery_limit';
    return undefined;
  }

  async #discard(
    message: WireMessage,
    stored: StoredMessage<unknown>,
    { queue, declared }: Batch,
    reason: DeathReason,
  ): Promise<void> {
    try {
      await this.#settler.discard({ ...message, queue }, stored.receipt, declared, reason);
    } catch (error) {
      this.#link.logger.error(
        `A message of the queue ${JSON.stringify(queue)} could not be discarded (${reason}); it comes back when its lease ends`,
        { error },
      );
    }
  }

  /** A store that keeps what it delivered without ack gives a receipt. */
  async #forget({ receipt }: StoredMessage<unknown>, { queue }: Batch): Promise<void> {
    if (receipt === undefined) return;
    try {
      await this.#settler.ack(queue, receipt);
    } catch (error) {
      this.#link.logger.error(
        `A message of the queue ${JSON.stringify(queue)} that needs no ack could not be removed; it will come again`,
        { error },
      );
    }
  }
}
