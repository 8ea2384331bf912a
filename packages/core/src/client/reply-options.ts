import type { SerializerRegistry } from '../codec/serializers.ts';
import { InvalidArgumentError } from '../errors.ts';
import type { MessageProperties } from '../spi/envelope.ts';
import type { PublishOptions } from './publish-options.ts';

/** What can be said about a reply: everything but where it goes. */
export type ReplyOptions = Omit<PublishOptions, 'exchange' | 'routingKey' | 'correlationId'>;

interface Request {
  readonly properties: MessageProperties;
  readonly contentType: string | undefined;
}

/**
 * How the reply to a request is published.
 *
 * @throws InvalidArgumentError when none is wanted.
 */
export function replyOptions({ properties, contentType }: Request, serializers: SerializerRegistry): PublishOptions {
  const { replyTo, correlationId } = properties;
  if (!replyTo) throw new InvalidArgumentError('The message has no replyTo: its sender wants no reply');
  const serializer = contentType === undefined ? undefined : serializers.typeToName(contentType);
  return {
    routingKey: replyTo,
    ...(correlationId === undefined ? {} : { correlationId }),
    ...(serializer === undefined ? {} : { serializer }),
  };
}
