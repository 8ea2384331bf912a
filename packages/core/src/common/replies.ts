import type { Exchange } from '../client/exchange.ts';
import type { Place } from '../client/host.ts';
import type { Message } from '../client/message.ts';
import type { Producer } from '../client/producer.ts';
import type { PublishOptions, PublishResult } from '../client/publish-options.ts';
import type { Queue } from '../client/queue.ts';
import { InvalidArgumentError } from '../errors.ts';
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
  options: PublishOptions = {},
): Promise<PublishResult> {
  const { replyTo, correlationId } = request.properties;
  if (replyTo === undefined) throw new InvalidArgumentError('The message has no replyTo: its sender wants no reply');
  const serializer = request.contentType === undefined ? {} : serializerOf(producer, request.contentType);
  return producer.publish(body, { ...serializer, ...options, exchange, routingKey: replyTo, correlationId });
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

function serializerOf(producer: Producer, contentType: string): { serializer?: string } {
  const name = producer.internals.serializers.typeToName(contentType);
  return name === undefined ? {} : { serializer: name };
}
