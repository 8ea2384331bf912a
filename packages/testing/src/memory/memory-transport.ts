import type { Clock, QueueStore, Target, Transport, TransportContext, VirtualCapabilities } from '@kombu/core/spi';
import { InvalidArgumentError, KombuError, defineVirtualTransport } from '@kombu/core/spi';
import { MemoryBroker } from './memory-broker.ts';

/** Options of {@link createMemoryTransport}. */
export interface MemoryTransportOptions {
  /** The clock of the brokers. Default: that of the first connection to each. */
  readonly clock?: Clock;
  /**
   * How long a delivered message stays hidden unless it is renewed, in milliseconds; `Infinity`: as long as the connection
   * lives. Default 30 000.
   */
  readonly leaseMs?: number;
  /** Switches off what the transport can do, or sets limits, to see how an application copes. */
  readonly capabilities?: Partial<VirtualCapabilities>;
  /** Wraps the store of each connection, for example in `faultyStore`. */
  readonly wrapStore?: (store: QueueStore) => QueueStore;
}

/** The in-memory transport, with a look inside. */
export interface MemoryTransport extends Transport {
  /**
   * The broker of this name, as in `memory://name`; without a name that of plain `memory://`. Undefined when nobody connected
   * to it yet, or when it was dropped.
   */
  broker(name?: string): MemoryBroker | undefined;
  /** Breaks all connections and forgets all brokers, between two tests for example. */
  reset(): void;
}

/**
 * Makes an in-memory transport for the URL scheme `memory`: `memory://name` is the broker called `name`, `memory://` the one
 * without a name. All connections of this transport value that name the same broker share it, whichever part of the program
 * opened them, as with Kombu's memory transport; another transport value has brokers of its own.
 *
 * A broker goes when its last connection is closed and no durable exchange or queue is left in it. After a connection that
 * broke it stays, as a real one would. It keeps nothing on disk.
 */
export function createMemoryTransport(options: MemoryTransportOptions = {}): MemoryTransport {
  const { leaseMs = 30_000, wrapStore = (store: QueueStore): QueueStore => store } = options;
  if (!(leaseMs > 0))
    throw new InvalidArgumentError(`leaseMs has to be a positive number of milliseconds, not ${leaseMs}`);
  const brokers = new Map<string, MemoryBroker>();
  const brokerFor = (name: string, clock: Clock): MemoryBroker => {
    let broker = brokers.get(name);
    if (!broker) {
      broker = new MemoryBroker({ name, clock: options.clock ?? clock, leaseMs, unused: () => brokers.delete(name) });
      brokers.set(name, broker);
    }
    return broker;
  };
  const transport = defineVirtualTransport({
    name: 'memory',
    schemes: ['memory'],
    capabilities: {
      priority: true,
      delay: true,
      sharedBindings: true,
      acknowledge: 'broker',
      ...(leaseMs === Infinity ? {} : { leaseMs }),
      ordering: 'fifo',
      publisherConfirms: true,
      heartbeats: false,
      ...options.capabilities,
    },
    async open(target: Target, { clock }: TransportContext) {
      checkOptions(target);
      const broker = brokerFor(nameOf(target), clock);
      return { store: wrapStore(broker.connect()), topology: broker.topology };
    },
    classify: (error) => (error instanceof KombuError ? error.code : 'INTERNAL'),
  });
  return {
    ...transport,
    broker: (name = '') => brokers.get(name),
    reset() {
      for (const broker of brokers.values()) broker.close();
    },
  };
}

/** Virtual hosts are brokers of their own. */
function nameOf({ hostname = '', virtualHost }: Target): string {
  return virtualHost === undefined || virtualHost === '/' ? hostname : `${hostname}/${virtualHost}`;
}

function checkOptions({ options, query }: Target): void {
  const [unknown] = [...Object.keys(options), ...Object.keys(query)];
  if (unknown !== undefined) {
    throw new InvalidArgumentError(
      `The memory transport has no option ${JSON.stringify(unknown)}: set options where it is made, in createMemoryTransport()`,
    );
  }
}

/** The in-memory transport that the whole process shares; see {@link createMemoryTransport} for one with options. */
export const memoryTransport: MemoryTransport = createMemoryTransport();
