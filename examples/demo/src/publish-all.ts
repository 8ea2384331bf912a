import type { Connection } from '@kombu/core';
import type { Payload } from './plan.ts';
import type { Shipment, Traffic } from './traffic.ts';

/** Publishes that are under way at a time. */
const inFlight = 50;

/** Publishes every shipment, many at a time. Resolves when the broker has them all; rejects with the first that failed. */
export async function publishAll(connection: Connection, traffic: Traffic, signal: AbortSignal): Promise<void> {
  const producer = connection.producer<Payload>();
  const waiting = oneByOne(traffic.shipments);
  const publisher = async (): Promise<void> => {
    for (const { id, route, webhook } of waiting) {
      traffic.sent(id);
      const { exchange } = route;
      const options = { exchange, routingKey: route.routingKey(webhook), messageId: id, signal };
      const { guarantee } = await producer.publish(webhook.payload, options);
      traffic.guarantees.add(guarantee);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, publisher));
}

/** Shared by all publishers: each takes the next, and when one of them fails the others find nothing more to do. */
function* oneByOne(shipments: readonly Shipment[]): Generator<Shipment, void, undefined> {
  yield* shipments;
}
