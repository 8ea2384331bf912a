import { setTimeout } from 'node:timers/promises';
import { Connection, Queue } from '@kombu/core';
import { describePrivateService, type RedisSentinel } from '@kombu/services';
import { Ledger } from '@kombu/testing';
import { redisTransport } from '../src/index.ts';
import { newPrefix, openTestStore } from './support/stores.ts';
import { never, until } from '@kombu/test-kit';

const logger = { debug() {}, info() {}, warn() {}, error() {} };

await describePrivateService('redis-sentinel', 'a failover', (start) => {
  let redis: RedisSentinel;
  beforeAll(async () => {
    redis = await start();
  }, 60_000);
  afterAll(() => redis.close());

  it('R17: a failover in the middle of the work loses nothing that was replicated', async () => {
    const transportOptions = { globalKeyprefix: newPrefix(), leaseMs: 1000, unackedRestoreInterval: 50 };
    const recovery = { intervalStart: 50, intervalStep: 50, intervalMax: 200 };
    const options = { transport: redisTransport, transportOptions, recovery, logger };
    await using consuming = new Connection(redis.url, options);
    await using publishing = new Connection(redis.url, options);
    const ledger = new Ledger();
    const queue = new Queue<string>('work');
    await consuming.consume(
      queue,
      async (id, message) => {
        ledger.delivered(id, message.deliveryInfo.redelivered);
        ledger.settled(id, await message.ack());
      },
      { prefetch: 10 },
    );
    const publishes: Promise<unknown>[] = [];
    const producer = publishing.producer();
    const over = new AbortController();
    const publisher = (async () => {
      for (let count = 0; !over.signal.aborted; count++) {
        const id = ledger.newId();
        const sent = producer.publish(id, { routingKey: 'work', timeout: 30_000 });
        publishes.push(
          ledger.track(
            id,
            sent.then(({ guarantee }) => guarantee),
          ),
        );
        // What the master confirmed and its replica has not yet is lost with it, by the nature of Redis.
        await setTimeout(5);
      }
    })();
    await setTimeout(200);
    await redis.failOver();
    await setTimeout(500);
    over.abort();
    await publisher;
    await Promise.all(publishes);
    const inRedis = async (): Promise<boolean> => {
      const keys = await redis.command(await redis.master(), 'KEYS', `${transportOptions.globalKeyprefix}*`);
      return keys === '';
    };
    await until('all is settled', inRedis, 20_000);
    ledger.assertNothingLost({ allowDuplicates: true, allowLostAcks: true });
  }, 90_000);

  it('R17: a failover is heard of from the sentinel when the old master hangs', async () => {
    const store = await openTestStore(redis.url, { globalKeyprefix: newPrefix() });
    const waits = expect(store.get('q', { max: 1, waitMs: 60_000, noAck: true, signal: never })).rejects.toThrow();
    const master = await redis.master();
    redis.pause(master);
    const reason = await store.closed;
    expect(reason).toMatchObject({ message: expect.stringMatching(/another server the master/) as string });
    await waits;
    await store.close();
    redis.resume(master);
  }, 60_000);

  it('R17: one sentinel of those named is enough, with as many friends of it as wanted', async () => {
    // It stays away: this is the last test.
    await redis.stop('sentinel1');
    const store = await openTestStore(redis.url, { globalKeyprefix: newPrefix(), minOtherSentinels: 2 });
    await store.close();
    await expect(openTestStore(redis.url, { minOtherSentinels: 3 })).rejects.toThrow(/minOtherSentinels is 3/);
    await expect(openTestStore(redis.url.replaceAll('mymaster', 'yours'))).rejects.toThrow(
      /No sentinel led to a master/,
    );
  }, 60_000);
});
