import {
  registerConformance,
  storeConformance,
  storeHarness,
  transportConformance,
  transportHarness,
  type Case,
  type TransportHarnessOptions,
} from '@kombu/testing';
import type { MongoTransportOptions } from '../../src/index.ts';
import { mongodbTransport } from '../../src/index.ts';
import { openTestStore } from './stores.ts';

const noList = 'Kombu keeps a list of queues with the option ttl only: without, a queue is there when somebody uses it';

export const missingQueues: Readonly<Record<string, string>> = {
  'get/missing-queue': noList,
  'consumers/missing-queue': noList,
  'unroutable/mandatory': noList,
  'unroutable/returned': noList,
};

export interface ConformanceOptions extends Partial<TransportHarnessOptions> {
  readonly name: string;
  readonly url: string;
  readonly options?: MongoTransportOptions;
}

const times = { timeScale: 0.5, quietMs: 50, deadlineMs: 60_000 };

/**
 * The leases of the cases about leases are short. Those of the others are not: FerretDB 1.x reads a whole collection for each
 * command, so that a large batch may take longer than a short lease on a busy machine.
 */
const leases = { short: 1000, long: 60_000 };

function isAboutLeases({ id, requires = [] }: Pick<Case<unknown>, 'id' | 'requires'>): boolean {
  return requires.includes('harness:shortLease') || waiting.has(id);
}

/** These wait for more than a lease to see that nothing comes back. */
const waiting: ReadonlySet<string> = new Set([
  'put-get/no-ack',
  'settle/ack-final',
  'settle/ack-batch',
  'manage/delete',
]);

/** Both suites against the server of this URL. */
export function registerSuites(given: ConformanceOptions): void {
  const { name, url, options, quirks = {}, ...more } = given;
  for (const leaseMs of [leases.short, leases.long]) {
    const transportOptions: MongoTransportOptions = {
      leaseMs,
      pollingInterval: 100,
      socketTimeout: 60_000,
      ...options,
    };
    const isHere = (each: Pick<Case<unknown>, 'id' | 'requires'>): boolean =>
      isAboutLeases(each) === (leaseMs === leases.short);
    registerConformance(
      { describe, it },
      storeConformance.filter(isHere),
      storeHarness({
        ...times,
        leaseMs,
        maxRealWaitMs: Infinity,
        name: `the store of ${name}, leases of ${leaseMs} ms`,
        capabilities: mongodbTransport.capabilities,
        lacks: ['declare', 'exists', 'watch'],
        stores: (clock) => () => openTestStore(url, transportOptions, { clock }),
      }),
    );
    const cases = transportConformance.filter(isHere);
    registerConformance(
      { describe, it },
      cases,
      transportHarness({
        ...times,
        leaseMs,
        name: `${name}, leases of ${leaseMs} ms`,
        url,
        transport: mongodbTransport,
        transportOptions: { ...transportOptions },
        quirks: Object.fromEntries(Object.entries(quirks).filter(([id]) => cases.some((each) => each.id === id))),
        ...more,
      }),
    );
  }
}
