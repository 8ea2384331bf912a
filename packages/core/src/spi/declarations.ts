/** Broker arguments such as `x-message-ttl`. */
export type Arguments = Readonly<Record<string, unknown>>;

export interface ExchangeDeclaration {
  readonly name: string;
  /** `direct`, `topic`, `fanout`, `headers` or a type of the broker's own. */
  readonly type: string;
  readonly durable: boolean;
  readonly autoDelete: boolean;
  readonly arguments: Arguments;
  /** Only check that it exists; reject with `NOT_FOUND` otherwise. */
  readonly passive: boolean;
}

export interface QueueDeclaration {
  /** Never empty: core makes up the name of an anonymous queue, so that it can be declared again after a reconnect. */
  readonly name: string;
  readonly durable: boolean;
  /** Belongs to this connection and goes with it. */
  readonly exclusive: boolean;
  /** Goes when its last consumer does. */
  readonly autoDelete: boolean;
  readonly arguments: Arguments;
  readonly passive: boolean;
}

/** The answer to a queue declaration. */
export interface QueueInfo {
  readonly queue: string;
  /** Ready messages. */
  readonly messageCount: number;
  readonly consumerCount: number;
}

/** Leads messages of `exchange` to `destination`, a queue or (`destinationType: 'exchange'`) another exchange. */
export interface BindingDeclaration {
  readonly exchange: string;
  readonly destination: string;
  readonly destinationType: 'queue' | 'exchange';
  readonly routingKey: string;
  readonly arguments: Arguments;
}

export interface ConsumeOptions {
  readonly queue: string;
  readonly consumerTag: string;
  /** The message counts as settled when it is delivered. */
  readonly noAck: boolean;
  /** No other consumer may share the queue. */
  readonly exclusive: boolean;
  /** How many unsettled deliveries this consumer may hold; 0: no limit. */
  readonly prefetch: number;
  readonly arguments: Arguments;
}

/** What a broker tells about a consumer when it has subscribed it. */
export interface ConsumeResult {
  /**
   * The queue keeps nothing while the consumer is away: what is published between the end of its link or channel and the next
   * subscription is missed. Absent: the queue keeps messages, as queues do in AMQP 0-9-1.
   */
  readonly ephemeral?: boolean;
}
