import { describePrivateService, describeService, type Server } from '@kombu/services';
import { registerConformance, transportConformance, transportHarness } from '@kombu/testing';
import { azureStorageQueueTransport } from '../src/index.ts';
import { isLong, leaseMs, registerSuites, times } from './support/conformance.ts';

await describeService('azure-storage-queue', 'Azurite', ({ url }) => {
  registerSuites(url, ({ id }) => !isLong(id));
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
      ...times,
      name: 'azure-storage-queue that restarts',
      transport: azureStorageQueueTransport,
      url: () => azurite.url,
      transportOptions: { leaseMs, pollingInterval: 100 },
      restartBroker: () => azurite.restart(),
    }),
  );
});
