import { describePrivateService, describeService, type ZooKeeper } from '@kombu/services';
import {
  registerConformance,
  storeConformance,
  storeHarness,
  transportConformance,
  transportHarness,
} from '@kombu/testing';
import { zookeeperTransport } from '../src/index.ts';
import { connectRaw, type Raw } from './support/raw.ts';
import { inNewRoot, openTestStore } from './support/stores.ts';

const times = { timeScale: 0.2, quietMs: 20, deadlineMs: 5000 };
const transportOptions = { sessionTimeout: 1000 };

await describeService('zookeeper', 'one ZooKeeper', (zookeeper) => {
  const url = inNewRoot(zookeeper.url);
  let raw: Raw;
  beforeAll(async () => {
    raw = await connectRaw(url);
  });
  afterAll(() => raw.close());

  registerConformance(
    { describe, it },
    storeConformance,
    storeHarness({
      ...times,
      name: 'the store of zookeeper',
      capabilities: zookeeperTransport.capabilities,
      lacks: ['watch', 'renew', 'bindings'],
      stores: (clock) => () => openTestStore(url, transportOptions, { clock }),
    }),
  );

  registerConformance(
    { describe, it },
    transportConformance,
    transportHarness({
      ...times,
      name: 'zookeeper',
      transport: zookeeperTransport,
      url,
      transportOptions,
      unreachableUrl: 'zookeeper://127.0.0.1:1',
      putRaw: async (queue, payload) => void (await raw.put(queue, payload)),
    }),
  );
});

await describePrivateService('zookeeper', 'a ZooKeeper of its own', (start) => {
  let zookeeper: ZooKeeper;
  beforeAll(async () => {
    zookeeper = await start();
  });
  afterAll(() => zookeeper.close());

  registerConformance(
    { describe, it },
    transportConformance.filter(({ id }) => id.startsWith('restart/')),
    transportHarness({
      name: 'zookeeper that restarts',
      transport: zookeeperTransport,
      url: () => zookeeper.url,
      transportOptions,
      restartBroker: () => zookeeper.restart(),
    }),
  );
});
