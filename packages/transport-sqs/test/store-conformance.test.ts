import { describeService } from '@kombu/services';
import { registerConformance, storeConformance, storeHarness } from '@kombu/testing';
import { sqsTransport } from '../src/index.ts';
import { names, times, transportOptions } from './support/conformance.ts';
import { openTestStore } from './support/stores.ts';

await describeService('sqs', 'the store of SQS', ({ url }) => {
  registerConformance(
    { describe, it },
    storeConformance,
    storeHarness({
      ...times,
      name: 'the store of sqs',
      capabilities: sqsTransport.capabilities,
      lacks: ['bindings', 'watch'],
      stores: (clock) => () => openTestStore(url, transportOptions, { clock }),
      quirks: { 'manage/names': names, 'manage/prefixes': names },
    }),
  );
});
