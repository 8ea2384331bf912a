import { describePrivateService, describeService, type Server } from '@kombu/services';
import { registerConformance, transportConformance, transportHarness } from '@kombu/testing';
import { azureStorageQueueTransport } from '../src/index.ts';
import { holdsMany, isLong, registerSuites } from './support/conformance.ts';

// The service counts in whole seconds.
const leaseMs = 2000;
const deadlineMs = 30_000;

await describeService('azure-storage-queue', 'Azurite', ({ url }) => {
  const brisk = { leaseMs, deadlineMs, pollingInterval: 100 };
  registerSuites(url, brisk, (testCase) => !holdsMany(testCase) && !isLong(testCase));
  const calm = { leaseMs: 60_000, deadlineMs, pollingInterval: 1000, suffix: ' with long leases' };
  registerSuites(url, calm, holdsMany);
});

await describePrivateService('azure-storage-queue', 'an Azurite of its own', (start) => {
  let azurite: Server;
  beforeAll(async () => {
    azurite = await start();
  });
  afterAll(() => azurite.close());

  registerConformance(
    { describe, it, afterAll },
    transportConformance.filter(({ id }) => id.startsWith('restart/')),
    transportHarness({
      leaseMs,
      quietMs: 20,
      deadlineMs,
      name: 'azure-storage-queue that restarts',
      transport: azureStorageQueueTransport,
      url: () => azurite.url,
      transportOptions: { leaseMs, pollingInterval: 100 },
      restartBroker: () => azurite.restart(),
    }),
  );
});
