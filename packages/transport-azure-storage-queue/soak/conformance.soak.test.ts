import { describeService } from '@kombu/services';
import { isLong, registerSuites } from '../test/support/conformance.ts';

await describeService('azure-storage-queue', 'thousands of messages', ({ url }) => {
  registerSuites(url, ({ id }) => isLong(id));
});
