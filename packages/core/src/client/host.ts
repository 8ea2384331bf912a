import type { Clock, Random } from '../clock.ts';
import type { KombuError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import type { CodecLimits } from '../codec/limits.ts';
import type { CompressorRegistry } from '../codec/compression.ts';
import type { SerializerRegistry } from '../codec/serializers.ts';
import type { DeadlineTimer, WaitOptions } from '../reliability/deadline.ts';
import type { Capabilities } from '../spi/capabilities.ts';
import type { ReturnedMessage } from '../spi/envelope.ts';
import type { TransportConnection } from '../spi/transport.ts';
import type { ConsumerOptions, Handler, Queues } from './consumer-options.ts';
import type { Consumer } from './consumer.ts';
import type { Control } from './control.ts';
import type { PublishOptions, PublishResult } from './publish-options.ts';

/** What the parts of a connection need of the whole. */
export interface Host {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly serializers: SerializerRegistry;
  readonly compressors: CompressorRegistry;
  readonly limits: CodecLimits;
  readonly control: Control;
  readonly channels: Set<HostedChannel>;
  /** The connection's own channel, made on first use. */
  defaultChannel(): HostedChannel;
  /** The place itself if it is a channel; for a connection a new channel. */
  channelFor(place: Place): HostedChannel;
  readonly consumers: Set<HostedConsumer>;
  /** Those with publishes under way. */
  readonly producers: Set<HostedProducer>;
  /** The deadlines of all publishes. */
  readonly deadlines: DeadlineTimer;
  /** Is a broken link made anew? */
  readonly recovers: boolean;
  /** Takes in nothing new, but lets finish what is under way. */
  readonly isClosing: boolean;
  readonly link: TransportConnection | undefined;
  readonly generation: number;
  readonly lastError: Error | undefined;
  /** Capabilities of the transport in use; undefined before the first connect. */
  readonly capabilities: Capabilities | undefined;
  /** Set while the broker takes no publishes. */
  readonly blocked: string | undefined;
  ready(wait: WaitOptions, doing: string): Promise<TransportConnection>;
  dropLink(link: TransportConnection, reason: Error): Promise<void>;
  wrap(error: unknown, doing: string): KombuError;
  /** Declares again what the queue needs. */
  restoreQueue(queue: string): Promise<void>;
  /** A consumer left this queue; an auto-delete queue without consumers is no longer ours to restore. */
  queueLeft(queue: string): void;
  returned(message: ReturnedMessage): void;
  /** Publishes on the connection's own channel. */
  publish(body: unknown, options: PublishOptions): Promise<PublishResult>;
  flow(blocked: boolean, reason: string | undefined): void;
  /** Resolves when the broker takes publishes again. */
  unblocked(wait: WaitOptions, doing: string): Promise<void>;
  consumerCancelled(event: {
    readonly queue: string;
    readonly consumerTag: string;
    readonly reason: Error | undefined;
  }): void;
  /** A consumer is back whose queue kept nothing since then. */
  gap(event: { readonly queue: string; readonly consumerTag: string; readonly since: number }): void;
  consumerError(event: { readonly queue: string; readonly error: Error }): void;
  /** An event was handled: `drainEvents` waits for this. */
  handled(): void;
  /** Starts a consumer with a handler. */
  consume(
    place: Place,
    queues: Queues,
    handler: Handler,
    options: Omit<ConsumerOptions, 'queues' | 'handler'> & WaitOptions,
  ): Promise<Consumer>;
}

/** Where entities, producers and consumers live: a connection or a channel. */
export interface Place {
  /** For the parts of this library; may change in any release. */
  readonly internals: Host;
}

/** What closing a connection needs of its channels. */
export interface HostedChannel {
  readonly isClosed: boolean;
  /** Is anything consumed from this queue here? */
  consumes(queue: string): boolean;
  linkLost(reason: Error): void;
  linkUp(): void;
  close(): Promise<void>;
}

/** What a connection needs of its consumers. */
export interface HostedConsumer {
  cancelByQueue(queue: string): Promise<void>;
  health(): readonly ConsumerHealth[];
  close(options: WaitOptions): Promise<CloseReport>;
}

/** What closing a connection needs of its producers. */
export interface HostedProducer {
  close(wait: WaitOptions): Promise<{ readonly abandoned: number }>;
}

/** How a bounded close ended. */
export interface CloseReport {
  /** Handlers that finished while it closed, and messages that loops were done with. */
  readonly completed: number;
  /** Unsettled messages that were given back to their queues. */
  readonly released: number;
  /** Handlers still running, loops still at work, and publishes without an answer, when the time was up. */
  readonly abandoned: number;
}

/** The state of one consumed queue. */
export interface ConsumerHealth {
  readonly queue: string;
  readonly consumerTag: string;
  /**
   * `subscribing`: wanted, and not (or not again) acknowledged by the broker. `consuming`: acknowledged on the current link.
   * `failed`: the broker refused for good. `cancelled`: not wanted, or not yet.
   */
  readonly phase: 'subscribing' | 'consuming' | 'failed' | 'cancelled';
  /** Which link feeds it; see `connection.generation`. */
  readonly generation: number | undefined;
  /** When the transport last heard of the broker for this consumer, in milliseconds since 1970. */
  readonly lastReadAt: number | undefined;
  readonly lastDeliveryAt: number | undefined;
  /** Messages delivered and not settled. */
  readonly inFlight: number;
  /** Why it is not consuming; undefined while it is. */
  readonly lastError: KombuError | undefined;
}
