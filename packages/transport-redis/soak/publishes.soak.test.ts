import { setTimeout } from 'node:timers/promises';
import { Connection } from '@kombu/core';
import { describeService } from '@kombu/services';
import { Ledger, TcpProxy, seeded } from '@kombu/testing';
import { redisTransport } from '../src/index.ts';
import { connectRaw } from '../test/support/raw.ts';
import { newPrefix } from '../test/support/stores.ts';

const seed = Number(process.env['KOMBU_SOAK_SEED'] ?? 1);

await describeService('redis', 'publishing', ({ url }) => {
  it('R6: of 10,000 publishes under random cuts each resolved one is in Redis, every other one is rejected or uncertain', async () => {
    const random = seeded(seed);
    const prefix = newPrefix();
    const raw = await connectRaw(url);
    const { hostname, port } = new URL(url);
    const proxy = await TcpProxy.listen({ target: { host: hostname, port: Number(port) } });
    const connection = new Connection(proxy.url(url), {
      transport: redisTransport,
      transportOptions: { globalKeyprefix: prefix, healthCheckInterval: 40, socketTimeout: 80 },
      recovery: { intervalStart: 5, intervalStep: 5, intervalMax: 50, jitter: false },
      logger: { debug() {}, info() {}, warn() {}, error() {} },
    });
    const producer = connection.producer();
    const ledger = new Ledger();
    const publishes: Promise<unknown>[] = [];
    for (let round = 0; round < 500; round++) {
      for (let index = 0; index < 20; index++) {
        const id = ledger.newId();
        const sent = producer.publish(id, { routingKey: 'q', timeout: 30_000, retry: false });
        publishes.push(
          ledger.track(
            id,
            sent.then(({ guarantee }) => guarantee),
          ),
        );
      }
      if (random() < 0.5) proxy.cutAfter(Math.floor(random() * 12_000), random() < 0.5 ? 'upstream' : 'downstream');
      else if (random() < 0.2) proxy.reset();
      await setTimeout(random() * 10);
    }
    await proxy.heal();
    await Promise.all(publishes);
    await connection.close();
    const texts = await raw.lrange(`${prefix}q`, 0, -1);
    const ids = texts.map((text) => Buffer.from((JSON.parse(text) as { body: string }).body, 'base64').toString());
    expect(new Set(ids).size).toBe(ids.length);
    ledger.assertNothingLost({ remaining: ids });
    await raw.del(`${prefix}q`);
    await proxy.close();
    await raw.quit();
  }, 600_000);
});
