import { setTimeout } from 'node:timers/promises';
import { Connection, Queue } from '@kombu/core';
import { azureStorageQueueTransport } from '../src/index.ts';
import { stubService } from './support/stub-service.ts';

it('an idle consumer asks less and less often', async () => {
  const stub = await stubService();
  const connection = new Connection(stub.url, { transport: azureStorageQueueTransport });
  await connection.consume(new Queue('idle'), () => undefined);
  await setTimeout(2500);
  await connection.close();
  await stub.close();
  const asked = stub.seen.filter((verb) => verb === 'get').length;
  // Sleeps of 10, 20, 40, 80, 160, 320, 640 and 1000 ms; from then on once in each pollingInterval, 60 times a minute.
  expect(asked).toBeGreaterThan(3);
  expect(asked).toBeLessThanOrEqual(10);
});
