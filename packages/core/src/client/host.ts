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
import type { Control } from './control.ts';

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
  flow(blocked: boolean, reason: string | undefined): void;
  /** Resolves when the broker takes publishes again. */
  unblocked(wait: WaitOptions, doing: string): Promise<void>;
  consumerCancelled(event: {
    readonly queue: string;
    readonly consumerTag: string;
    readonly reason: Error | undefined;
  }): void;
  consumerError(event: { readonly queue: string; readonly error: Error }): void;
  /** An event was handled: `drainEvents` waits for this. */
  handled(): void;
}

/** Where entities, producers and consumers live: a connection or a channel. */
export interface Place {
  /** For the parts of this library; may change in any release. */
  readonly internals: Host;
}

/** What closing a connection needs of its channels. */
export interface HostedChannel {
  readonly isClosed: boolean;
  readonly subscriptions: ReadonlyMap<string, { readonly options: { readonly queue: string } }>;
  linkLost(reason: Error): void;
  linkUp(): void;
  close(): Promise<void>;
}

/** What closing a connection, and its health, need of its consumers. */
export interface HostedConsumer {
  health(): readonly ConsumerHealth[];
  close(options: WaitOptions): Promise<CloseReport>;
}

/** What closing a connection needs of its producers. */
export interface HostedProducer {
  close(wait: WaitOptions): Promise<{ readonly abandoned: number }>;
}

/** How a bounded close ended. */
export interface CloseReport {
  /** Handlers that finished while it closed. */
  readonly completed: number;
  /** Unsettled messages that were given back to their queues. */
  readonly released: number;
  /** Handlers still running, and publishes without an answer, when the time was up. */
  readonly abandoned: number;
}

/** The state of one consumed queue. */
export interface ConsumerHealth {
  readonly queue: string;
  readonly consumerTag: string;
  readonly phase: 'subscribing' | 'consuming' | 'failed' | 'cancelled';
  /** Which link feeds it; see `connection.generation`. */
  readonly generation: number | undefined;
  /** When the transport last heard of the broker for this consumer, in milliseconds since 1970. */
  readonly lastReadAt: number | undefined;
  readonly lastDeliveryAt: number | undefined;
  /** Messages delivered and not settled. */
  readonly inFlight: number;
  readonly lastError: KombuError | undefined;
}
