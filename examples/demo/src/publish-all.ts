import type { Connection } from '@kombu/core';
import type { Payload } from './plan.ts';
import type { Traffic } from './traffic.ts';

/** Messages under way at a time, from their publish to the last ack. */
const underWay = 20;

/** Publishes every shipment. Resolves when all of them are handled, or abandoned; rejects when a publish fails. */
export async function publishAll(connection: Connection, traffic: Traffic): Promise<void> {
  const producer = connection.producer<Payload>({ timeout: 10_000 });
  const waiting = traffic.shipments.values();
  let failed = false;
  const publisher = async (): Promise<void> => {
    // Shared by all publishers: each takes the next.
    for (const { id, route, webhook } of waiting) {
      if (failed || traffic.abandoned) return;
      traffic.sent(id);
      const { exchange } = route;
      const routingKey = route.routingKey(webhook);
      const { guarantee } = await producer.publish(webhook.payload, { exchange, routingKey, messageId: id });
      traffic.guarantees.add(guarantee);
      await traffic.handled(id);
    }
  };
  const guarded = (): Promise<void> =>
    publisher().catch((error: unknown) => {
      failed = true;
      throw error;
    });
  await Promise.all(Array.from({ length: underWay }, guarded));
}
