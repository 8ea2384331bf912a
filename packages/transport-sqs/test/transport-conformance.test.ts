import { describePrivateService, describeService, type Server } from '@kombu/services';
import { registerConformance, transportConformance, transportHarness } from '@kombu/testing';
import { sqsTransport } from '../src/index.ts';
import { names, times, transportOptions } from './support/conformance.ts';

/** Bodies of up to 1 MiB, which ElasticMQ takes only without the limits of SQS. */
const large: ReadonlySet<string> = new Set(['messages/large-body', 'messages/body-sizes', 'order/mixed']);
/** Cases that keep the machine busy for longer than the shortest lease. */
const heavy: ReadonlySet<string> = new Set(['load/many-queues']);

await describeService('sqs', 'SQS', ({ url }) => {
  registerConformance(
    { describe, it },
    transportConformance.filter(({ id }) => !large.has(id) && !heavy.has(id)),
    transportHarness({
      ...times,
      name: 'sqs',
      url,
      transport: sqsTransport,
      transportOptions,
      unreachableUrl: 'sqs://key:secret@127.0.0.1:1',
      quirks: { 'names/queues': names, 'names/prefixes': names },
    }),
  );
  registerConformance(
    { describe, it },
    transportConformance.filter(({ id }) => heavy.has(id)),
    transportHarness({ name: 'sqs with its usual times', url, transport: sqsTransport }),
  );
});

await describePrivateService('sqs', 'SQS without limits', (start) => {
  let server: Server;
  beforeAll(async () => {
    server = await start({ 'rest-sqs.sqs-limits': 'relaxed' });
  });
  afterAll(() => server.close());

  registerConformance(
    { describe, it },
    transportConformance.filter(({ id }) => large.has(id)),
    transportHarness({ name: 'sqs with large bodies', url: () => server.url, transport: sqsTransport }),
  );
});
