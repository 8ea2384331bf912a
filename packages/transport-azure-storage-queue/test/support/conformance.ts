import {
  registerConformance,
  storeConformance,
  storeHarness,
  transportConformance,
  transportHarness,
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
    readonly suffix?: string;
  },
  isWanted: (testCase: { readonly id: string }) => boolean,
): void {
  const { leaseMs, deadlineMs, pollingInterval, suffix = '' } = options;
  const times = { leaseMs, deadlineMs, quietMs: 20, caseTimeoutMs: 20 * deadlineMs };
  const queueNamePrefix = newPrefix();
  const of = (quirks: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(quirks).filter(([id]) => isWanted({ id })));
  registerConformance(
    { describe, it, afterAll },
    storeConformance.filter(isWanted),
    storeHarness({
      ...times,
      name: `the store of azure-storage-queue${suffix}`,
      capabilities: azureStorageQueueTransport.capabilities,
      lacks: ['bindings', 'watch'],
      stores: (clock) => () => openTestStore(url, { queueNamePrefix, leaseMs }, clock),
      quirks: of({ 'manage/names': sameName, 'manage/prefixes': sameName, 'put-get/payloads': noLineEnds }),
    }),
  );
  registerConformance(
    { describe, it, afterAll },
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
