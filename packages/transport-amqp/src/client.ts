import type { Socket } from 'node:net';
import type { ChannelModel } from 'amqplib';
import { errorOf } from '@kombu/core/spi';
import { checkShortText } from './wire/short-text.ts';

/** A frame as amqplib hands it to whoever waits for a reply. */
export interface ReplyFrame {
  readonly id: number;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** `null`, an Error, or the frame with which the broker closed the channel. */
export type Reply = (error: Error | ReplyFrame | null, frame?: ReplyFrame) => void;

/** What lies behind a `ChannelModel` of amqplib, as far as we touch it. */
export interface InnerConnection {
  readonly stream: Socket;
  readonly frameMax: number;
  /** The broker takes no publishes for now, and so reads nothing. */
  readonly blocked: boolean;
  rest: Buffer;
  recvSinceLastCheck: boolean;
  sentSinceLastCheck: boolean;
  /** The next frame, decoded; false when there is none yet. */
  recvFrame(): unknown;
}

/** What an amqplib channel has beside its documented methods, as far as we touch it. */
export interface InnerChannel {
  readonly ch: number;
  /** Sends a request in its turn; replies are awaited one by one. */
  sendOrEnqueue: (method: number, fields: Readonly<Record<string, unknown>>, reply: Reply) => void;
}

/**
 * The connection inside. amqplib gives no access to frames; we read and write those that carry messages ourselves, because
 * its own tables lose types and fail on those of Python, and because its way costs several times the work.
 */
export function innerConnection(model: ChannelModel): InnerConnection {
  const inner = model.connection as unknown as Partial<InnerConnection>;
  const isKnown =
    typeof inner.recvFrame === 'function' &&
    typeof inner.stream?.write === 'function' &&
    typeof inner.frameMax === 'number' &&
    Buffer.isBuffer(inner.rest);
  if (isKnown) return inner as InnerConnection;
  throw errorOf(
    'INTERNAL',
    'This version of amqplib is built differently inside: install one of the range that this package names',
  );
}

/**
 * amqplib counts a request that it cannot write as sent: the channel would wait for the answer for ever, and all later
 * requests with it. So such texts do not get that far.
 */
export function refuseUnwritable(channel: InnerChannel): void {
  const send = channel.sendOrEnqueue.bind(channel);
  channel.sendOrEnqueue = (method, fields, reply) => {
    for (const [name, value] of Object.entries(fields)) {
      if (typeof value === 'string') checkShortText(value, `In a request to RabbitMQ, '${name}'`);
    }
    send(method, fields, reply);
  };
}
