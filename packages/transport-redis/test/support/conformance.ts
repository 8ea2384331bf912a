import {
  registerConformance,
  storeConformance,
  storeHarness,
  transportConformance,
  transportHarness,
  type TransportHarnessOptions,
} from '@kombu/testing';
import type { RedisTransportOptions } from '../../src/index.ts';
import { redisTransport } from '../../src/index.ts';
import { newPrefix, openTestStore } from './stores.ts';

const noList = 'Kombu keeps no list of queues: a queue is there when somebody uses it';

export const missingQueues: Readonly<Record<string, string>> = {
  'get/missing-queue': noList,
  'consumers/missing-queue': noList,
  'unroutable/mandatory': noList,
  'unroutable/returned': noList,
};

const fourSteps = 'Kombu has four lists for ten priorities: without prioritySteps of 0 to 9 neighbours are one';

/** With Kombu's default of `prioritySteps`. */
export const coarsePriorities: Readonly<Record<string, string>> = {
  'priority/order': fourSteps,
  'priority/absent': fourSteps,
};

export interface ConformanceOptions extends Partial<TransportHarnessOptions> {
  readonly name: string;
  readonly url: string;
  readonly options?: RedisTransportOptions;
  readonly storeQuirks?: Readonly<Record<string, string>>;
  readonly leaseMs?: number;
}

const times = { timeScale: 0.2, quietMs: 20, deadlineMs: 5000 };

/** Both suites against the servers of this URL. */
export function registerSuites(given: ConformanceOptions): void {
  const { name, url, options, storeQuirks, leaseMs = 400, ...more } = given;
  const transportOptions: RedisTransportOptions = {
    globalKeyprefix: newPrefix(),
    leaseMs,
    unackedRestoreInterval: 100,
    ...options,
  };
  registerConformance(
    { describe, it },
    storeConformance,
    storeHarness({
      ...times,
      leaseMs,
      name: `the store of ${name}`,
      capabilities: redisTransport.capabilities,
      lacks: ['exists', 'watch'],
      stores: (clock) => () => openTestStore(url, transportOptions, { clock }),
      ...(storeQuirks && { quirks: storeQuirks }),
    }),
  );
  registerConformance(
    { describe, it, afterAll },
    transportConformance,
    transportHarness({
      ...times,
      leaseMs,
      name,
      // The suite knows one server; any sentinel or member of a cluster leads to the others.
      url: url.split(';')[0] ?? url,
      transport: redisTransport,
      transportOptions: { ...transportOptions },
      ...more,
    }),
  );
}
