import { describeService } from '@kombu/services';
import { isLong, registerSuites } from '../test/support/conformance.ts';

await describeService('azure-storage-queue', 'thousands of messages', ({ url }) => {
  const patient = {
    leaseMs: 600_000,
    deadlineMs: 120_000,
    pollingInterval: 1000,
    requestTimeout: 30_000,
    suffix: ' with thousands of messages',
  };
  registerSuites(url, patient, isLong);
});
