import type { KombuError } from '../errors.ts';
import type { Delivery, DeliveryTag, Envelope } from '../spi/envelope.ts';
import type { StoredMessage } from '../spi/queue-store.ts';
import type { DeclaredQueue } from './declared-queue.ts';
import type { WireMessage } from './wire-reader.ts';

/** Who delivered a message; its credit is used until the message is settled. */
export interface CreditHolder {
  readonly tag: string;
  settled(): void;
}

/** What the messages of one `get` have in common. */
export interface Batch {
  readonly queue: string;
  /** The queue as it was declared, if it was declared here. */
  readonly declared: DeclaredQueue | undefined;
  readonly noAck: boolean;
  /** Undefined for the single message of `get`. */
  readonly consumer: CreditHolder | undefined;
  /** When the messages were taken, in wall-clock milliseconds. */
  readonly takenAt: number;
}

/** A delivery that waits to be settled: what the owner of the channel gets, and what it takes to settle it. */
export class UnackedDelivery implements Delivery {
  readonly envelope: Envelope;
  readonly deliveryTag: number;
  declare readonly consumerTag?: string;
  readonly exchange: string;
  readonly routingKey: string;
  readonly queue: string;
  readonly redelivered: boolean;
  declare readonly deliveryCount?: number;
  declare readonly error?: Error;
  readonly batch: Batch;
  readonly receipt: unknown;
  /** The text as it was stored; only where giving back means to write it again. */
  readonly payload: string | undefined;
  readonly expiresAt: number | undefined;
  /** When the lease ends unless it is renewed; moved by the renewer. */
  leaseUntil: number = Infinity;
  #controller: AbortController | undefined;
  #lost: KombuError | undefined;

  constructor(
    deliveryTag: number,
    message: WireMessage,
    stored: StoredMessage<unknown>,
    batch: Batch,
    keepPayload: boolean,
  ) {
    const count = deliveryCountOf(message, stored);
    this.envelope = message.envelope;
    this.deliveryTag = deliveryTag;
    if (batch.consumer !== undefined) this.consumerTag = batch.consumer.tag;
    this.exchange = message.exchange;
    this.routingKey = message.routingKey;
    this.queue = batch.queue;
    this.redelivered = stored.redelivered ?? (message.redelivered || (count ?? 0) > 0);
    if (count !== undefined) this.deliveryCount = count;
    if (message.error !== undefined) this.error = message.error;
    this.batch = batch;
    this.receipt = stored.receipt;
    this.payload = keepPayload ? stored.payload : undefined;
    this.expiresAt = message.expiresAt;
  }

  /** Made on first use: most handlers never ask, and an AbortController costs more than the delivery. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#lost) this.#controller.abort(this.#lost);
    return this.#controller.signal;
  }

  /** It is no longer ours. */
  lose(reason: KombuError): void {
    this.#lost ??= reason;
    this.#controller?.abort(reason);
  }
}

/** How often it was delivered before; undefined when that cannot be known. */
export function deliveryCountOf(message: WireMessage, stored: StoredMessage<unknown>): number | undefined {
  const counted = stored.deliveryCount ?? message.deliveryCount;
  if (counted !== undefined) return counted;
  return (stored.redelivered ?? message.redelivered) ? undefined : 0;
}

/** Tags of lost deliveries that are remembered, so that settling them late is no error. */
const rememberedTags = 10_000;

/** The unsettled deliveries of one channel, in the order in which they were delivered. */
export class Unacked {
  readonly #deliveries = new Map<DeliveryTag, UnackedDelivery>();
  readonly #lost = new Set<DeliveryTag>();

  get size(): number {
    return this.#deliveries.size;
  }

  values(): IterableIterator<UnackedDelivery> {
    return this.#deliveries.values();
  }

  add(delivery: UnackedDelivery): void {
    this.#deliveries.set(delivery.deliveryTag, delivery);
  }

  get(tag: DeliveryTag): UnackedDelivery | undefined {
    return this.#deliveries.get(tag);
  }

  has(tag: DeliveryTag): boolean {
    return this.#deliveries.has(tag);
  }

  /** Whoever takes a delivery settles it: nobody else gets it any more. */
  take(tag: DeliveryTag): UnackedDelivery | undefined {
    const delivery = this.#deliveries.get(tag);
    if (delivery) this.#deliveries.delete(tag);
    return delivery;
  }

  /** Takes this delivery and all before it; none when the tag is unknown. */
  takeThrough(tag: DeliveryTag): UnackedDelivery[] {
    if (!this.#deliveries.has(tag)) return [];
    const taken: UnackedDelivery[] = [];
    for (const [each, delivery] of this.#deliveries) {
      taken.push(delivery);
      this.#deliveries.delete(each);
      if (each === tag) break;
    }
    return taken;
  }

  takeAll(): UnackedDelivery[] {
    const taken = [...this.#deliveries.values()];
    this.#deliveries.clear();
    return taken;
  }

  /** The delivery is no longer ours: it goes, and settling it late gives `lease-lost`. */
  lose(delivery: UnackedDelivery, reason: KombuError): void {
    if (this.#deliveries.get(delivery.deliveryTag) === delivery) this.#deliveries.delete(delivery.deliveryTag);
    const [oldest] = this.#lost;
    if (oldest !== undefined && this.#lost.size >= rememberedTags) this.#lost.delete(oldest);
    this.#lost.add(delivery.deliveryTag);
    delivery.lose(reason);
  }

  /** Was this tag lost? It may be asked once. */
  wasLost(tag: DeliveryTag): boolean {
    return this.#lost.delete(tag);
  }
}
