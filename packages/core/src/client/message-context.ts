import type { Host } from './host.ts';
import type { MessageContext } from './message.ts';

/** The context that the messages of one consumer, or of one `get`, share. */
export function messageContext(
  owner: Host,
  options: {
    readonly accept: Iterable<string> | undefined;
    readonly noAck: boolean;
    readonly settled?: (number: number, multiple: boolean) => void;
  },
): MessageContext {
  const { serializers, compressors, limits, logger } = owner;
  return {
    serializers,
    compressors,
    limits,
    logger,
    accept: options.accept && serializers.acceptedTypes(options.accept),
    noAck: options.noAck,
    wrap: (error, doing) => owner.wrap(error, doing),
    publish: (body, how) => owner.publish(body, how),
    ...(options.settled ? { settled: options.settled } : {}),
  };
}
