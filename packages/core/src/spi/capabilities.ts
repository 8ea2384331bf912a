/** What a transport can do, as plain data: core reads it, the conformance suite checks it, the READMEs print it. */
export interface Capabilities {
  /** Exchange types that route as AMQP 0-9-1 says: some of `direct`, `topic`, `fanout`, `headers`, or the broker's own. */
  readonly exchangeTypes: readonly string[];
  /** Exchange-to-exchange bindings and the `alternate-exchange` argument. */
  readonly exchangeBindings: boolean;
  /** Messages of higher priority overtake others. */
  readonly priority: boolean;
  /** `publish({ delay })`. */
  readonly delay: boolean;
  /** The longest delay in milliseconds, where the broker has a limit. */
  readonly maxDelayMs?: number;
  /** `expiration` of a message and `x-message-ttl` of a queue. */
  readonly ttl: boolean;
  /** `x-dead-letter-exchange`, `x-max-length` and `x-expires` of a queue. */
  readonly queueLimits: boolean;
  /**
   * Bindings are seen by every process, but for those that the broker's layout has no place for (the README of the transport
   * names them; Kombu's layouts keep no arguments and no exchanges as destinations). By these, and by all without it, a process
   * routes only where it declared them itself.
   */
  readonly sharedBindings: boolean;
  /**
   * `broker`: a message leaves the broker only when it is acked. `client`: the broker forgets it on delivery, so that a
   * crash of the client loses it.
   */
  readonly acknowledge: 'broker' | 'client';
  /** How long a delivered message stays hidden unless it is renewed, in milliseconds. Absent: as long as the connection lives. */
  readonly leaseMs?: number;
  /**
   * How long a message can be kept by renewing its lease, in milliseconds from its delivery, where the broker has a limit (12
   * hours in SQS). When a further renewal would go beyond it, core stops renewing and tells the handler by `Message.signal` that
   * the message goes back.
   */
  readonly maxLeaseMs?: number;
  readonly ordering: 'fifo' | 'best-effort';
  /** The broker itself says that it has the message. Otherwise a publish is done when the write is. */
  readonly publisherConfirms: boolean;
  readonly heartbeats: boolean;
  /**
   * A pseudo queue for replies: consuming it needs no declaration, and nothing is stored. Its consumer does not ack, and has to
   * be on the channel that publishes the requests, with the name of the queue as their `replyTo`.
   */
  readonly replyQueue?: string;
  /** The largest message that the broker takes, in bytes, envelope included. */
  readonly maxPayloadBytes?: number;
}
