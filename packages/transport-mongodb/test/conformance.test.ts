import { describePrivateService, describeService } from '@kombu/services';
import type { Server } from '@kombu/services';
import { registerConformance, transportConformance, transportHarness } from '@kombu/testing';
import { ObjectId, type Db } from 'mongodb';
import { mongodbTransport } from '../src/index.ts';
import { missingQueues, registerSuites } from './support/conformance.ts';
import { connectRaw, newDatabase } from './support/stores.ts';

await describeService('mongodb', 'one server', (server) => {
  const url = newDatabase(server.url);
  let database: Db;
  let drop: () => Promise<void>;
  beforeAll(async () => {
    ({ database, drop } = await connectRaw(url));
  });
  afterAll(() => drop());

  registerSuites({
    name: 'mongodb',
    url,
    unreachableUrl: 'mongodb://127.0.0.1:1',
    putRaw: async (queue, payload) => {
      await database.collection('messages').insertOne({ _id: new ObjectId(), payload, queue, priority: 9 });
    },
    quirks: missingQueues,
  });
});

await describePrivateService('mongodb', 'a server of its own', (start) => {
  let server: Server;
  beforeAll(async () => {
    server = await start();
  });
  afterAll(() => server.close());

  registerConformance(
    { describe, it },
    transportConformance.filter(({ id }) => id.startsWith('restart/')),
    transportHarness({
      name: 'a server that restarts',
      transport: mongodbTransport,
      url: () => server.url,
      transportOptions: { leaseMs: 600, pollingInterval: 50, healthCheckInterval: 500 },
      leaseMs: 600,
      restartBroker: () => server.restart(),
    }),
  );
});
