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

const long: ReadonlySet<string> = new Set(['close/thousand-unacked', 'order/thousand', 'end/ten-thousand']);

/** Cases of thousands of messages, for which an emulator takes minutes. */
export function isLong({ id }: { readonly id: string }): boolean {
  return id.startsWith('load/') || long.has(id);
}

/** Those cases of both suites that are wanted, against the server of this URL. */
export function registerSuites(
  url: string,
  leaseMs: number,
  isWanted: (testCase: { readonly id: string }) => boolean,
): void {
  const times = { leaseMs, quietMs: 20, deadlineMs: 30_000 };
  const queueNamePrefix = newPrefix();
  const of = (quirks: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(quirks).filter(([id]) => isWanted({ id })));
  registerConformance(
    { describe, it },
    storeConformance.filter(isWanted),
    storeHarness({
      ...times,
      name: 'the store of azure-storage-queue',
      capabilities: azureStorageQueueTransport.capabilities,
      lacks: ['bindings', 'watch'],
      stores: (clock) => () => openTestStore(url, { queueNamePrefix, leaseMs }, clock),
      quirks: of({ 'manage/names': sameName, 'manage/prefixes': sameName, 'put-get/payloads': noLineEnds }),
    }),
  );
  registerConformance(
    { describe, it },
    transportConformance.filter(isWanted),
    transportHarness({
      ...times,
      name: 'azure-storage-queue',
      url,
      transport: azureStorageQueueTransport,
      transportOptions: { queueNamePrefix, leaseMs, pollingInterval: 100 },
      unreachableUrl: 'azurestoragequeues://a2V5@http://127.0.0.1:1/devstoreaccount1',
      putRaw: async (queue, payload) => {
        await rawQueue(url, serviceName(queueNamePrefix, queue)).sendMessage(payload);
      },
      quirks: of({ 'names/queues': sameName, 'names/prefixes': sameName }),
    }),
  );
}
