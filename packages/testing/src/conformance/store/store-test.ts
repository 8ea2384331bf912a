import type { Capabilities, QueueStore } from '@kombu/core/spi';
import type { Case } from '../case.ts';
import type { CaseTime } from '../case-time.ts';
import type { HarnessOptions } from '../harness.ts';
import { TestBase } from '../test-base.ts';
import { TestStore } from './test-store.ts';

/** A store, or the promise of one. */
export type OpenStore = QueueStore | Promise<QueueStore>;

/** The optional members of a store. */
export const storeMembers = ['bindings', 'declare', 'exists', 'release', 'renew', 'watch'] as const;
export type StoreMember = (typeof storeMembers)[number];

/** A rule of the level-2 SPI. */
export type StoreCase = Case<StoreTest>;

/** The context of a store case: stores on one backend, names and time. Everything opened or declared through it goes with it. */
export class StoreTest extends TestBase {
  readonly lacks: readonly StoreMember[];
  readonly #open: () => OpenStore;
  readonly #stores: TestStore[] = [];
  readonly #queues = new Set<string>();

  constructor(
    options: HarnessOptions & { readonly capabilities: Capabilities },
    lacks: readonly StoreMember[],
    open: () => OpenStore,
    time: CaseTime,
  ) {
    super(options, options.capabilities, time);
    this.lacks = lacks;
    this.#open = open;
  }

  /** Another store on the same backend. */
  async store(): Promise<TestStore> {
    const raw = await this.wait(Promise.resolve(this.#open()), 'opening a store');
    const store = new TestStore(this, raw);
    this.#stores.push(store);
    return store;
  }

  /** Makes a queue with a name of its own. */
  async queue(store: TestStore, name: string = this.name('queue')): Promise<string> {
    this.#queues.add(name);
    await store.declare(name);
    return name;
  }

  /** The number of timers that the system under test has left, where it is known. */
  get pendingTimers(): number | undefined {
    return this.time.pending?.();
  }

  /** Deletes the queues over a fresh store and closes all. */
  async cleanUp(): Promise<void> {
    const cleaner = await this.store();
    const deleted = await Promise.allSettled([...this.#queues].map((queue) => cleaner.deleteQueue(queue)));
    const closed = await Promise.allSettled(this.#stores.map((store) => store.close()));
    for (const result of [...deleted, ...closed]) if (result.status === 'rejected') throw result.reason;
  }
}
