import {
  registerConformance,
  storeConformance,
  storeHarness,
  transportConformance,
  transportHarness,
  type Case,
  type Harness,
} from '@kombu/testing';
import { azureStorageQueueTransport } from '../../src/index.ts';
import { serviceName } from '../../src/queue-name.ts';
import { rawQueue } from './raw.ts';
import { newPrefix, openTestStore } from './stores.ts';

const sameName = "Kombu's names have - for all punctuation: a.b and a-b cannot both be declared";
const noLineEnds = 'XML changes line ends, of which the JSON of an envelope has none';

const thousands: ReadonlySet<string> = new Set(['close/thousand-unacked', 'order/thousand']);

/** Cases that hold more messages than the emulator can renew within the short leases of the others. */
export function holdsMany({ id }: { readonly id: string }): boolean {
  return id.startsWith('load/') || thousands.has(id);
}

/** For ten thousand messages the emulator takes minutes. */
export function isLong({ id }: { readonly id: string }): boolean {
  return id === 'end/ten-thousand';
}

/** Those cases of both suites that are wanted, against the server of this URL. */
export function registerSuites(
  url: string,
  options: {
    readonly leaseMs: number;
    readonly deadlineMs: number;
    readonly pollingInterval: number;
    readonly requestTimeout?: number;
    readonly suffix?: string;
  },
  isWanted: (testCase: { readonly id: string }) => boolean,
): void {
  const { leaseMs, deadlineMs, pollingInterval, requestTimeout = 10_000, suffix = '' } = options;
  const times = { leaseMs, deadlineMs, quietMs: 20, caseTimeoutMs: 20 * deadlineMs };
  const queueNamePrefix = newPrefix();
  const of = (quirks: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(quirks).filter(([id]) => isWanted({ id })));
  register(
    storeConformance.filter(isWanted),
    storeHarness({
      ...times,
      name: `the store of azure-storage-queue${suffix}`,
      capabilities: azureStorageQueueTransport.capabilities,
      lacks: ['bindings', 'watch'],
      stores: (clock) => () => openTestStore(url, { queueNamePrefix, leaseMs, requestTimeout }, clock),
      quirks: of({ 'manage/names': sameName, 'manage/prefixes': sameName, 'put-get/payloads': noLineEnds }),
    }),
  );
  register(
    transportConformance.filter(isWanted),
    transportHarness({
      ...times,
      name: `azure-storage-queue${suffix}`,
      url,
      transport: azureStorageQueueTransport,
      transportOptions: { queueNamePrefix, leaseMs, pollingInterval },
      unreachableUrl: 'azurestoragequeues://a2V5@http://127.0.0.1:1/devstoreaccount1',
      putRaw: async (queue, payload) => {
        await rawQueue(url, serviceName(queueNamePrefix, queue)).sendMessage(payload);
      },
      quirks: of({ 'names/queues': sameName, 'names/prefixes': sameName }),
    }),
  );
}

function register<T>(cases: readonly Case<T>[], harness: Harness<T>): void {
  if (cases.length > 0) registerConformance({ describe, it, afterAll }, cases, harness);
}
