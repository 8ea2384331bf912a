import { describePrivateService, describeService, type Server } from '@kombu/services';
import { registerConformance, transportConformance, transportHarness } from '@kombu/testing';
import { azureStorageQueueTransport } from '../src/index.ts';
import { isLong, registerSuites } from './support/conformance.ts';

// The service counts in whole seconds.
const leaseMs = 2000;

await describeService('azure-storage-queue', 'Azurite', ({ url }) => {
  registerSuites(url, leaseMs, (testCase) => !isLong(testCase));
});

await describePrivateService('azure-storage-queue', 'an Azurite of its own', (start) => {
  let azurite: Server;
  beforeAll(async () => {
    azurite = await start();
  });
  afterAll(() => azurite.close());

  registerConformance(
    { describe, it },
    transportConformance.filter(({ id }) => id.startsWith('restart/')),
    transportHarness({
      leaseMs,
      quietMs: 20,
      deadlineMs: 30_000,
      name: 'azure-storage-queue that restarts',
      transport: azureStorageQueueTransport,
      url: () => azurite.url,
      transportOptions: { leaseMs, pollingInterval: 100 },
      restartBroker: () => azurite.restart(),
    }),
  );
});
