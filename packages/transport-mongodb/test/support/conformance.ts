import {
  registerConformance,
  storeConformance,
  storeHarness,
  transportConformance,
  transportHarness,
  type TransportHarnessOptions,
} from '@kombu/testing';
import type { Clock } from '@kombu/core/spi';
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
  readonly leaseMs?: number;
}

const times = { timeScale: 0.5, quietMs: 50, deadlineMs: 30_000 };

/** Both suites against the server of this URL. */
export function registerSuites(given: ConformanceOptions): void {
  const { name, url, options, leaseMs = 1000, ...more } = given;
  const transportOptions: MongoTransportOptions = { leaseMs, pollingInterval: 50, ...options };
  const store = {
    ...times,
    leaseMs,
    name: `the store of ${name}`,
    capabilities: mongodbTransport.capabilities,
    lacks: ['declare', 'exists', 'watch'] as const,
    stores: (clock: Clock) => () => openTestStore(url, transportOptions, { clock }),
  };
  const isLarge = ({ id }: { readonly id: string }): boolean => id === 'end/ten-thousand';
  registerConformance(
    { describe, it },
    storeConformance.filter((each) => !isLarge(each)),
    storeHarness(store),
  );
  // FerretDB 1.x reads a whole collection for each command, which takes longer than the leases of the other cases.
  const patient = { leaseMs: 120_000, socketTimeout: 120_000 };
  registerConformance(
    { describe, it },
    storeConformance.filter(isLarge),
    storeHarness({
      ...store,
      leaseMs: patient.leaseMs,
      name: `${store.name}, patiently`,
      deadlineMs: 120_000,
      caseTimeoutMs: 600_000,
      stores: (clock) => () => openTestStore(url, patient, { clock }),
    }),
  );
  registerConformance(
    { describe, it },
    transportConformance,
    transportHarness({
      ...times,
      leaseMs,
      name,
      url,
      transport: mongodbTransport,
      transportOptions: { ...transportOptions },
      ...more,
    }),
  );
}
