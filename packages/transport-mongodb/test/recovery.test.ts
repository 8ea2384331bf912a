import { setTimeout } from 'node:timers/promises';
import { Connection, Queue } from '@kombu/core';
import { describeService } from '@kombu/services';
import { Ledger, TcpProxy } from '@kombu/testing';
import type { Db } from 'mongodb';
import { mongodbTransport } from '../src/index.ts';
import { connectRaw, newDatabase, openTestStore } from './support/stores.ts';
import { never, until } from '@kombu/test-kit';

/** A link that hangs is found out soon. */
const probe = { healthCheckInterval: 500, socketTimeout: 500, connectTimeout: 500 };
const recovery = { intervalStart: 10, intervalStep: 10, intervalMax: 50 };
const logger = { debug() {}, info() {}, warn() {}, error() {} };

await describeService('mongodb', 'a link that breaks', (server) => {
  const url = newDatabase(server.url);
  let database: Db;
  let drop: () => Promise<void>;
  let proxy: TcpProxy;
  beforeAll(async () => {
    ({ database, drop } = await connectRaw(url));
    const { hostname, port } = new URL(url);
    proxy = await TcpProxy.listen({ target: { host: hostname, port: Number(port) } });
  });
  afterEach(() => proxy.heal());
  afterAll(async () => {
    await proxy.close();
    await drop();
  });

  it('R16: is found out although nothing closed it, and closing it does not hang', async () => {
    const store = await openTestStore(proxy.url(url), probe);
    const waits = expect(store.get('q', { max: 1, waitMs: 60_000, noAck: false, signal: never })).rejects.toThrow();
    proxy.blackhole();
    expect(await store.closed).toMatchObject({ code: 'CONNECTION_LOST' });
    await waits;
    await store.close();
    await expect(store.put('q', [])).rejects.toMatchObject({ code: 'CLOSED' });
  });

  it('stays when it is only idle', async () => {
    const store = await openTestStore(proxy.url(url), probe);
    await setTimeout(1200);
    expect(await Promise.race([store.closed, Promise.resolve('open')])).toBe('open');
    await store.close();
  });

  it('R5: while it is being made gives up in time', async () => {
    proxy.blackhole();
    await expect(openTestStore(proxy.url(url), probe)).rejects.toMatchObject({ name: 'MongoServerSelectionError' });
  });

  it.each(['reset', 'blackhole', 'halfClose'] as const)(
    'R1: costs no message of consumers and publishers (%s)',
    async (fault) => {
      const transportOptions = { leaseMs: 2000, pollingInterval: 50, ...probe };
      const options = { transport: mongodbTransport, transportOptions, recovery, connectTimeout: 2000, logger };
      const [consuming, publishing] = [
        new Connection(proxy.url(url), options),
        new Connection(proxy.url(url), options),
      ];
      const ledger = new Ledger();
      await consuming.consume(new Queue<string>(fault), async (body, message) => {
        ledger.delivered(body, message.deliveryInfo.redelivered);
        ledger.settled(body, await message.ack());
      });
      const publishes: Promise<unknown>[] = [];
      const publish = (): void => {
        for (let index = 0; index < 10; index++) {
          const id = ledger.newId();
          const sent = publishing.producer().publish(id, { routingKey: fault, timeout: 20_000 });
          publishes.push(
            ledger.track(
              id,
              sent.then(({ guarantee }) => guarantee),
            ),
          );
        }
      };
      // Shorter than it takes to find out, and longer.
      for (const outage of [20, 1500]) {
        publish();
        proxy[fault]();
        publish();
        await setTimeout(outage);
        await proxy.heal();
        publish();
      }
      await Promise.all(publishes);
      await until('all is settled', async () => (await database.collection('messages').countDocuments()) === 0, 30_000);
      await Promise.all([consuming.close(), publishing.close()]);
      ledger.assertNothingLost({ allowDuplicates: true, allowLostAcks: true });
    },
    60_000,
  );
});
