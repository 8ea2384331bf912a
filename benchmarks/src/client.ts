/** Where the work is done: a broker, and queues that exist already and belong to one contender. */
export interface Site {
  readonly url: string;
  readonly queues: readonly string[];
  /** In front of each key, on brokers that have keys. */
  readonly keyPrefix: string;
}

/** Called once: without an error when the broker has the message. */
export type Settled = (error?: unknown) => void;

export type Stop = () => Promise<void>;

export interface Handlers {
  /** Called with each decoded body. */
  readonly handle: (body: unknown) => void;
  /** Called when the client is done with a message that was handled, and has acked it. */
  readonly acked: () => void;
}

/** A client library, reduced to what the cases ask of it. */
export interface Client {
  readonly name: string;
  open(site: Site): Promise<void>;
  /** Encodes the body and publishes it, confirmed. */
  publish(body: unknown, queue: string, settled: Settled): void;
  /** Consumes all queues of the site, until `Stop` is called. Each message is acked by itself. */
  consume(prefetch: number, handlers: Handlers): Promise<Stop>;
  /** Takes the `count` messages of its queue and keeps them, unacked, until it is closed. */
  hold(count: number, received: () => void): Promise<void>;
  close(): Promise<void>;
}

export interface AmqpOptions {
  /** TCP_NODELAY: what latency wants. These clients leave it off, and get more through at a time. @default false */
  readonly noDelay?: boolean;
}
