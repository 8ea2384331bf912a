import type { Exchange } from '../client/exchange.ts';
import type { Place } from '../client/host.ts';
import type { Message } from '../client/message.ts';
import type { Producer } from '../client/producer.ts';
import type { PublishResult } from '../client/publish-options.ts';
import { replyOptions, type ReplyOptions } from '../client/reply-options.ts';
import type { Queue } from '../client/queue.ts';
import { iterMessages, type DrainOptions } from './event-loop.ts';

/**
 * Answers a message: to its `replyTo`, with its `correlationId`, in its serialization. As `kombu.common.send_reply`.
 *
 * @throws InvalidArgumentError when it asks for no reply.
 */
export async function sendReply(
  exchange: Exchange | string,
  request: Message,
  body: unknown,
  producer: Producer,
  options: ReplyOptions = {},
): Promise<PublishResult> {
  const reply = replyOptions(request, producer.internals.serializers);
  return producer.publish(body, { ...reply, ...options, exchange });
}

/** The bodies of replies that come to a queue, which is deleted when one has come. As `kombu.common.collect_replies`. */
export async function* collectReplies<T = unknown>(
  place: Place,
  queue: Queue<T>,
  { noAck = true, ...options }: DrainOptions & { readonly noAck?: boolean } = {},
): AsyncGenerator<T, void, undefined> {
  let received = false;
  try {
    for await (const message of iterMessages<T>(place, queue, { ...options, noAck })) {
      received = true;
      if (!noAck) await message.ack();
      yield message.payload;
    }
  } finally {
    if (received) await queue.delete(place);
  }
}
