import type { Clock, Transport } from '@kombu/core/spi';
import { systemClock } from '@kombu/core/spi';
import { ManualClock } from '../../manual-clock.ts';
import { newTime } from '../case-time.ts';
import type { Harness, HarnessOptions } from '../harness.ts';
import { offersOf } from '../offers.ts';
import { TransportTest } from './transport-test.ts';

/** What the author of a transport supplies to have it tested. */
export interface TransportHarnessOptions extends HarnessOptions {
  /**
   * The transport, or how to make one on the case's clock. The function is called once per case, so that the cases share no
   * state.
   */
  readonly transport: Transport | ((clock: Clock) => Transport);
  /** Where to connect, as a function when only `setUp` will know. Default: the transport's first scheme and `://`. */
  readonly url?: string | (() => string);
  /** What an application would pass as `transportOptions`. */
  readonly transportOptions?: Readonly<Record<string, unknown>>;
  /** A URL where nobody listens, for the case that wants to be refused. */
  readonly unreachableUrl?: string;
  /** Puts a text into a queue past the transport, as a foreign producer would; where messages are envelopes of text. */
  readonly putRaw?: (queue: string, payload: string) => Promise<void>;
  /** Stops the broker and starts it again with the data it had; resolves when it takes connections. */
  readonly restartBroker?: () => Promise<void>;
  /**
   * Makes the broker take no publishes, as when it runs out of memory or disk; resolves to what ends that. For brokers that
   * tell their clients (`ChannelEvents.flow`).
   */
  readonly blockPublishers?: () => Promise<() => Promise<void>>;
}

/** Makes the harness that runs the cases of `transportConformance` against a transport. */
export function transportHarness(options: TransportHarnessOptions): Harness<TransportTest> {
  const { transport } = options;
  const make = typeof transport === 'function' ? transport : () => transport;
  const { capabilities } = make(options.time === 'manual' ? new ManualClock() : systemClock);
  const offers = offersOf(capabilities, options);
  if (options.putRaw) offers.add('harness:putRaw');
  if (options.restartBroker) offers.add('harness:restartBroker');
  if (options.blockPublishers) offers.add('harness:blockPublishers');
  if (options.unreachableUrl !== undefined) offers.add('harness:unreachableUrl');
  return {
    name: options.name,
    offers,
    quirks: options.quirks ?? {},
    caseTimeoutMs: options.caseTimeoutMs ?? (options.time === 'manual' ? 10_000 : 120_000),
    setUp: options.setUp,
    tearDown: options.tearDown,
    open: async () => {
      const time = newTime(options.time);
      const context = new TransportTest(options, make(time.clock), time);
      return { context, close: () => context.cleanUp() };
    },
  };
}
