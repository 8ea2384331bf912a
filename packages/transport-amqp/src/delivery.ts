import type { Delivery, Envelope } from '@kombu/core/spi';
import type { DeliverFields } from './wire/content-reader.ts';
import { readEnvelope } from './wire/properties-reader.ts';
import type { TextCache } from './wire/text-cache.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** The envelope; or, when the properties cannot be read, one with the raw body only, and the reason. */
export function envelopeOrError(
  header: Buffer,
  body: Buffer,
  texts: TextCache,
): { readonly envelope: Envelope; readonly error?: Error } {
  try {
    return { envelope: readEnvelope(header, body, texts) };
  } catch (error) {
    const envelope = { body, contentType: undefined, contentEncoding: undefined, headers: {}, properties: {} };
    return { envelope, error: error as Error };
  }
}

/** A delivery as core wants it. */
export function makeDelivery(
  fields: Omit<DeliverFields, 'consumerTag'>,
  origin: { readonly queue: string; readonly consumerTag?: string },
  header: Buffer,
  body: Buffer,
  texts: TextCache,
): Delivery {
  const { envelope, error } = envelopeOrError(header, body, texts);
  const delivery: Mutable<Delivery> = {
    envelope,
    deliveryTag: fields.deliveryTag,
    exchange: fields.exchange,
    routingKey: fields.routingKey,
    queue: origin.queue,
    redelivered: fields.redelivered,
  };
  if (origin.consumerTag !== undefined) delivery.consumerTag = origin.consumerTag;
  if (error) delivery.error = error;
  // Quorum queues count; absent means never before.
  const count = envelope.headers['x-delivery-count'];
  if (typeof count === 'number') delivery.deliveryCount = count;
  return delivery;
}
