import { describeService } from '@kombu/services';
import { coarsePriorities, missingQueues, registerSuites } from './support/conformance.ts';

await describeService('redis-cluster', 'a cluster', ({ url }) => {
  registerSuites({
    name: 'redis-cluster',
    url,
    // Each queue is looked after for itself there.
    leaseMs: 600,
    unreachableUrl: 'redis-cluster://127.0.0.1:1',
    quirks: { ...missingQueues, ...coarsePriorities },
    storeQuirks: { 'ranks/priority': coarsePriorities['priority/order'] ?? '' },
  });
});
