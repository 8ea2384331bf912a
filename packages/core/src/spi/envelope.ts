/** Application headers. They travel as the broker's header table or as the envelope's `headers` object. */
export type Headers = Record<string, unknown>;

/** AMQP 0-9-1 basic properties, in camelCase. Further keys are passed through to transports that can carry them. */
export interface MessageProperties {
  /** 1: transient, 2: persistent (survives a broker restart in a durable queue). */
  deliveryMode?: 1 | 2;
  /** Higher first. */
  priority?: number;
  correlationId?: string;
  replyTo?: string;
  /** Time to live in milliseconds. */
  expiration?: number;
  messageId?: string;
  /** Whatever the publisher says; AMQP means seconds since 1970. */
  timestamp?: number;
  type?: string;
  userId?: string;
  appId?: string;
  clusterId?: string;
  [key: string]: unknown;
}

/** An encoded message, ready to travel. Immutable by convention: layers share it and copy before they change it. */
export interface Envelope {
  /** The payload after serialization and compression. */
  readonly body: Buffer;
  readonly contentType: string | undefined;
  readonly contentEncoding: string | undefined;
  readonly headers: Headers;
  readonly properties: MessageProperties;
}

/** Where an envelope goes. */
export interface Route {
  /** `''` is the default exchange: the queue named by the routing key. */
  readonly exchange: string;
  readonly routingKey: string;
  /** Reject with `UNROUTABLE` when no queue is bound. */
  readonly mandatory: boolean;
  /** Hide the message for this many milliseconds. Core never passes it to a transport without `capabilities.delay`. */
  readonly delay?: number;
  /** false: resolve once the message is handed to the socket. */
  readonly confirm: boolean;
}

/** Names a delivery within its channel; opaque to everybody but the channel that made it. */
export type DeliveryTag = number | string;

/** An envelope as it arrives. */
export interface Delivery {
  readonly envelope: Envelope;
  readonly deliveryTag: DeliveryTag;
  /** Absent on the result of `get`. */
  readonly consumerTag?: string;
  readonly exchange: string;
  readonly routingKey: string;
  /** The queue it came from, where the transport knows it. */
  readonly queue?: string;
  /** It was delivered before and not acked. */
  readonly redelivered: boolean;
  /** How often it was delivered before this time, where somebody counts. */
  readonly deliveryCount?: number;
  /**
   * The envelope could not be read; `envelope.body` then holds the raw bytes as they came. The delivery still has to be
   * settled like any other.
   */
  readonly error?: Error;
  /**
   * When this delivery stops being ours unless its lease is renewed, in wall-clock milliseconds; in the past once it is lost.
   * Absent: it lasts as long as its channel.
   */
  readonly leaseUntil?: number;
  /** Fires when this delivery is no longer ours: its lease or its channel is lost. Absent: only the channel's end tells. */
  readonly signal?: AbortSignal;
}

/** `ok`, or `lease-lost`: the broker no longer counts this delivery as ours and may have given it to another. */
export type SettleOutcome = 'ok' | 'lease-lost';

/**
 * What a resolved publish means. `confirmed`: the broker said it has the message. `stored`: the write to the store
 * succeeded. `sent`: handed to the socket, nothing more is known.
 */
export type PublishGuarantee = 'confirmed' | 'stored' | 'sent';

/** A message that the broker gave back because it could not be routed and nobody waits for its confirm. */
export interface ReturnedMessage {
  readonly envelope: Envelope;
  readonly exchange: string;
  readonly routingKey: string;
  readonly replyCode: number;
  readonly replyText: string;
}
