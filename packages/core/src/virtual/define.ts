import type { ErrorCode } from '../errors.ts';
import { bounded } from '../reliability/deadline.ts';
import type { Capabilities } from '../spi/capabilities.ts';
import type { QueueStore } from '../spi/queue-store.ts';
import type { Target, Transport, TransportConnection, TransportContext } from '../spi/transport.ts';
import { VirtualConnection } from './connection.ts';
import { Topology } from './topology.ts';

/** What comes from core, whatever the store is. */
const coreCapabilities = {
  exchangeTypes: ['direct', 'topic', 'fanout', 'headers'],
  exchangeBindings: true,
  ttl: true,
  queueLimits: true,
} as const;

/** What a store cannot do unless its transport says so. */
const modest = {
  priority: false,
  delay: false,
  sharedBindings: false,
  publisherConfirms: false,
  heartbeats: false,
};

/**
 * What the store decides; the rest of the capabilities comes from core. What is left out is false, or has no limit.
 */
export type VirtualCapabilities = Omit<Capabilities, keyof typeof coreCapabilities | keyof typeof modest> &
  Partial<Pick<Capabilities, keyof typeof modest>>;

/** An open store. */
export interface VirtualBackend<R = unknown> {
  readonly store: QueueStore<R>;
  /**
   * The exchanges, queues and bindings of a broker that lives in this process, shared by all its connections; it then knows
   * every queue there is. Absent: each connection has its own and knows what it declared itself.
   */
  readonly topology?: Topology;
  /**
   * The longest sleep between two looks at an empty queue, in milliseconds; for stores whose `get` cannot wait. Default 1000.
   */
  readonly pollingInterval?: number;
  /** `waitMs` of `get`: how long a store may wait for a message, in milliseconds. Default 10 000. */
  readonly waitMs?: number;
}

/** A transport over a store of queues. */
export interface VirtualTransportDefinition<R = unknown> {
  /** As in the package's name: `redis` of `@kombu/transport-redis`. */
  readonly name: string;
  /** URL schemes without `:`. */
  readonly schemes: readonly string[];
  readonly capabilities: VirtualCapabilities;
  readonly defaultPort?: number;
  /** As `Transport.parseUrl`. */
  parseUrl?(url: string): Partial<Target>;
  /** As `Transport.redact`. */
  redact?(url: string, mask: string): string;
  /** One attempt. Rejects with whatever went wrong; settles soon after `ctx.signal` fires. */
  open(target: Target, ctx: TransportContext): Promise<VirtualBackend<R>>;
  /** As `Transport.classify`. */
  classify(error: unknown): ErrorCode;
}

/**
 * Makes a transport of anything that can hold queues of texts. Exchanges, bindings, routing, prefetch, acks, redelivery, TTL,
 * queue limits and dead-lettering come from core, in the terms of AMQP 0-9-1 and RabbitMQ; the envelope is Kombu's, so that
 * Python processes can share the broker.
 *
 * What a process knows of queues is what it declared itself: a limit such as `x-message-ttl` holds for the publishes and reads
 * of processes that declared the queue with it. Messages expire when they are read, and not at the head of the queue as in
 * RabbitMQ: without a consumer nothing is dead-lettered, so that a queue with a TTL and no consumer delays no messages here.
 * Publish with `delay` for that, where the transport can.
 */
export function defineVirtualTransport<R>(definition: VirtualTransportDefinition<R>): Transport {
  const { name, schemes, defaultPort } = definition;
  const capabilities: Capabilities = { ...coreCapabilities, ...modest, ...definition.capabilities };
  return {
    name,
    schemes,
    capabilities,
    ...(defaultPort === undefined ? {} : { defaultPort }),
    ...(definition.parseUrl && { parseUrl: (url: string) => definition.parseUrl?.(url) ?? {} }),
    ...(definition.redact && { redact: (url: string, mask: string) => definition.redact?.(url, mask) ?? mask }),
    classify: (error) => definition.classify(error),
    connect: (target, ctx) => connect(definition, capabilities, target, ctx),
  };
}

async function connect<R>(
  definition: VirtualTransportDefinition<R>,
  capabilities: Capabilities,
  target: Target,
  ctx: TransportContext,
): Promise<TransportConnection> {
  const opening = definition.open(target, ctx);
  let backend: VirtualBackend<R>;
  try {
    backend = await bounded(opening, { signal: ctx.signal }, ctx.clock, 'Connecting');
  } catch (error) {
    // A store that opens after all is nobody's.
    opening
      .then(({ store }) => store.close())
      .catch((late: unknown) =>
        ctx.logger.debug('A connection attempt that was given up failed later', { error: late }),
      );
    throw error;
  }
  const topology =
    backend.topology ?? new Topology({ clock: ctx.clock, queueGone: (queue) => connection.queueGone(queue) });
  const connection: VirtualConnection = new VirtualConnection({
    store: backend.store,
    topology,
    authoritative: backend.topology !== undefined,
    capabilities,
    clock: ctx.clock,
    random: ctx.random,
    logger: ctx.logger,
    pollingInterval: backend.pollingInterval ?? 1000,
    waitMs: backend.waitMs ?? 10_000,
    classify: (error) => definition.classify(error),
  });
  return connection;
}
