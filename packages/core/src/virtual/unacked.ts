import type { KombuError } from '../errors.ts';
import type { Lease } from '../reliability/lease-renewer.ts';
import { SlotTable } from '../reliability/slot-table.ts';
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
  /** Where they wait to be settled. */
  readonly unacked: Unacked;
}

/** A delivery that waits to be settled: what the owner of the channel gets, and what it takes to settle it. */
export class UnackedDelivery implements Delivery, Lease {
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
  renewal: Promise<void> | undefined;
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

  get takenAt(): number {
    return this.batch.takenAt;
  }

  /** Made on first use: most handlers never ask, and an AbortController costs more than the delivery. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#lost) this.#controller.abort(this.#lost);
    return this.#controller.signal;
  }

  /** It is no longer ours. For whoever took it out of `Unacked`. */
  lose(reason: KombuError): void {
    this.#lost ??= reason;
    this.leaseUntil = -Infinity;
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
  readonly #deliveries: SlotTable<UnackedDelivery>;
  readonly #lost = new Set<DeliveryTag>();

  /** @param nextTag - Tags that no other channel of the link has: a tag must not settle the message of another channel. */
  constructor(nextTag: () => number) {
    this.#deliveries = new SlotTable(nextTag);
  }

  /** A tag for the next delivery. */
  nextTag(): number {
    return this.#deliveries.freeNumber();
  }

  add(delivery: UnackedDelivery): void {
    this.#deliveries.add(delivery.deliveryTag, delivery);
  }

  values(): UnackedDelivery[] {
    return this.#deliveries.values();
  }

  has(delivery: UnackedDelivery): boolean {
    return this.#deliveries.get(delivery.deliveryTag) === delivery;
  }

  /** Whoever takes a delivery settles it: nobody else gets it any more. */
  take(tag: DeliveryTag): UnackedDelivery | undefined {
    return typeof tag === 'number' ? this.#deliveries.take(tag) : undefined;
  }

  /** Takes this delivery and all before it; none when the tag is unknown. */
  takeThrough(tag: DeliveryTag): UnackedDelivery[] {
    if (typeof tag !== 'number' || !this.#deliveries.get(tag)) return [];
    const taken = this.values().filter(({ deliveryTag }) => deliveryTag <= tag);
    for (const { deliveryTag } of taken) this.#deliveries.take(deliveryTag);
    return taken;
  }

  takeAll(): UnackedDelivery[] {
    const taken = this.values();
    this.#deliveries.clear();
    return taken;
  }

  /** The delivery is no longer ours: it goes, and settling it late gives `lease-lost`. */
  lose(delivery: UnackedDelivery, reason: KombuError): void {
    if (this.has(delivery)) this.#deliveries.take(delivery.deliveryTag);
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
