import { describeService } from '@kombu/services';
import { missingQueues, registerSuites } from './support/conformance.ts';

await describeService('redis-sentinel', 'a master behind sentinels', ({ url }) => {
  registerSuites({
    name: 'redis-sentinel',
    url,
    unreachableUrl: 'sentinel://127.0.0.1:1?master_name=mymaster',
    options: { prioritySteps: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] },
    quirks: missingQueues,
  });
});
