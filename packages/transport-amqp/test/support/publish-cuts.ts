import { setTimeout as sleep } from 'node:timers/promises';
import { Queue } from '@kombu/core';
import { Ledger, TcpProxy, seeded } from '@kombu/testing';
import type { TestBroker } from './broker.ts';
import { quickRecovery } from './recovery-script.ts';

/**
 * Publishes so many messages while the link is cut at random places. Every publish that resolved has to be in the queue, once;
 * every other one was rejected, and is not there, or is flagged as uncertain. Answers how many ended in which way.
 */
export async function publishUnderCuts(
  broker: TestBroker,
  seed: number,
  count: number,
): Promise<Readonly<Record<string, number>>> {
  const random = seeded(seed);
  const ledger = new Ledger();
  const proxy = await TcpProxy.listen({ target: broker.address });
  const connection = broker.connection({ port: proxy.port, recovery: quickRecovery });
  const queue = new Queue<string>(`cuts-${seed}`);
  const ends: Record<string, number> = { confirmed: 0, rejected: 0, uncertain: 0 };
  try {
    await queue.declare(connection);
    const producer = connection.producer({ timeout: 20_000, maxInFlight: 200 });
    const publishes: Promise<void>[] = [];
    const over = new AbortController();
    const cutting = (async () => {
      while (!over.signal.aborted) {
        proxy.cutAfter(Math.floor(random() * 60_000), random() < 0.7 ? 'upstream' : 'downstream');
        await sleep(20 + random() * 100);
        await proxy.heal();
      }
    })();
    for (let index = 0; index < count; index++) {
      const id = ledger.newId();
      const published = producer.publish(id, { routingKey: queue.name });
      const tracked = ledger.track(
        id,
        published.then(({ guarantee }) => guarantee),
      );
      publishes.push(
        tracked.then((end) => {
          ends[end] = (ends[end] ?? 0) + 1;
        }),
      );
      // What waits for room bounds itself; here nothing is to wait too long.
      if (index % 200 === 199) await Promise.all(publishes.splice(0));
    }
    await Promise.all(publishes);
    over.abort();
    await cutting;
    await proxy.heal();
    const reader = broker.connection();
    for (let next = await queue.get(reader, { noAck: true }); next; next = await queue.get(reader, { noAck: true })) {
      ledger.delivered(next.payload, next.deliveryInfo.redelivered);
    }
    ledger.assertNothingLost();
    await queue.delete(reader);
    return ends;
  } finally {
    await connection.close({ timeout: 2000 });
    await proxy.close();
  }
}
