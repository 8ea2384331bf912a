/**
 * How the properties of a message are called in Kombu's envelope. What is not listed keeps its name.
 */
export const wireNames: ReadonlyMap<string, string> = new Map([
  ['deliveryMode', 'delivery_mode'],
  ['correlationId', 'correlation_id'],
  ['replyTo', 'reply_to'],
  ['messageId', 'message_id'],
  ['userId', 'user_id'],
  ['appId', 'app_id'],
  ['clusterId', 'cluster_id'],
]);

/**
 * The moment, in wall-clock milliseconds, after which nobody wants the message: the TTL of the message or its queue, counted
 * from the publish. A key of ours among Kombu's properties; Python peers keep it and do not look at it.
 */
export const expiresAtKey = 'x-expires-at';

/**
 * How often the message was delivered and given back. A header, called as RabbitMQ's quorum queues call it, so that it
 * survives a Python peer that requeues the message. Only written where the store does not count by itself.
 */
export const deliveryCountHeader = 'x-delivery-count';

/** Keys of the wire's `properties` that describe the envelope rather than the message. */
export const envelopeKeys: ReadonlySet<string> = new Set([
  'delivery_info',
  'body_encoding',
  'delivery_tag',
  expiresAtKey,
]);

/** What the keys of the wire's `properties` are called here; undefined for those that describe the envelope. */
export const propertyNames: ReadonlyMap<string, string | undefined> = new Map([
  ...Array.from(wireNames, ([ours, wire]) => [wire, ours] as const),
  ...Array.from(envelopeKeys, (key) => [key, undefined] as const),
]);
