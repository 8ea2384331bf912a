import type { Connection, Consumer, Message } from '@kombu/core';
import type { Payload } from './plan.ts';
import type { TrackedQueue, Traffic } from './traffic.ts';

/** Starts the consumers of all queues. */
export async function consumeAll(connection: Connection, traffic: Traffic): Promise<Consumer<Payload>[]> {
  const consumers: Consumer<Payload>[] = [];
  for (const tracked of traffic.queues) {
    for (let index = 0; index < tracked.plan.consumers; index += 1) {
      const handle = (body: Payload, message: Message<Payload>): Promise<void> => {
        tracked.shares[index] = (tracked.shares[index] ?? 0) + 1;
        return settle(traffic, tracked, body, message);
      };
      consumers.push(await connection.consume(tracked.plan.queue, handle, { prefetch: 20 }));
    }
  }
  return consumers;
}

/** Acks a message, or gives it back once if the plan says so. */
async function settle(
  traffic: Traffic,
  tracked: TrackedQueue,
  body: Payload,
  message: Message<Payload>,
): Promise<void> {
  const id = message.properties.messageId ?? 'a message without an id';
  const before = traffic.delivered(tracked, id, body);
  if (before === 0 && isGivenBack(id, tracked.plan.requeueEvery)) {
    tracked.tally.requeued(id);
    await message.requeue();
  } else if ((await message.ack()) === 'ok') {
    traffic.acked(tracked, id);
  }
}

function isGivenBack(id: string, every: number): boolean {
  const number = Number(id.slice(id.lastIndexOf('/') + 1));
  return every > 0 && number % every === 0;
}

/** Looks for messages that nobody expects any more, and enters them in the books. */
export async function leftovers(connection: Connection, traffic: Traffic): Promise<void> {
  for (const tracked of traffic.queues) {
    const { queue } = tracked.plan;
    for (let message = await queue.get(connection); message; message = await queue.get(connection)) {
      const id = message.properties.messageId ?? 'a message without an id';
      traffic.delivered(tracked, id, message.payload);
      if ((await message.ack()) === 'ok') traffic.acked(tracked, id);
    }
  }
}
