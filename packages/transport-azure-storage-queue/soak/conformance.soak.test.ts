import { describeService } from '@kombu/services';
import { isLong, registerSuites } from '../test/support/conformance.ts';

await describeService('azure-storage-queue', 'thousands of messages', ({ url }) => {
  // Long enough to renew a thousand one by one.
  registerSuites(url, 60_000, isLong);
});
