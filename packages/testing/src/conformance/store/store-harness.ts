import type { Capabilities, Clock } from '@kombu/core/spi';
import { newTime } from '../case-time.ts';
import type { Harness, HarnessOptions } from '../harness.ts';
import { offersOf } from '../offers.ts';
import type { OpenStore, StoreMember } from './store-test.ts';
import { StoreTest, storeMembers } from './store-test.ts';

/** What the author of a `QueueStore` supplies to have it tested. */
export interface StoreHarnessOptions extends HarnessOptions {
  /** Those of the transport that the store is for. */
  readonly capabilities: Capabilities;
  /**
   * Called once per case with its clock; the function it returns opens stores that all see the same queues, as processes
   * that connect to one broker do.
   */
  readonly stores: (clock: Clock) => () => OpenStore;
  /** The optional members that the store does not have. The suite checks that this is so, and that it has all others. */
  readonly lacks?: readonly StoreMember[];
}

/** Makes the harness that runs the cases of `storeConformance` against a store. */
export function storeHarness(options: StoreHarnessOptions): Harness<StoreTest> {
  const offers = offersOf(options.capabilities, options);
  const lacks = options.lacks ?? [];
  for (const member of storeMembers) if (!lacks.includes(member)) offers.add(`store:${member}`);
  return {
    name: options.name,
    offers,
    quirks: options.quirks ?? {},
    caseTimeoutMs: options.caseTimeoutMs ?? (options.time === 'manual' ? 10_000 : 120_000),
    setUp: options.setUp,
    tearDown: options.tearDown,
    open: async () => {
      const time = newTime(options.time);
      const context = new StoreTest(options, lacks, options.stores(time.clock), time);
      return { context, close: () => context.cleanUp() };
    },
  };
}
