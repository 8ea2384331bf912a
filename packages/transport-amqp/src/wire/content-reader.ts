import type { Frame } from './frame-reader.ts';
import { basicAck, basicDeliver, basicNack, basicReturn, frameBody, frameHeader, frameMethod } from './methods.ts';
import type { TextCache } from './text-cache.ts';

/** What is said about a message in front of it. */
export interface DeliverFields {
  readonly consumerTag: string;
  readonly deliveryTag: number;
  readonly redelivered: boolean;
  readonly exchange: string;
  readonly routingKey: string;
}

export interface ReturnFields {
  readonly replyCode: number;
  readonly replyText: string;
  readonly exchange: string;
  readonly routingKey: string;
}

/** Who gets the messages of a channel. The header is the payload of the content header frame. */
export interface ContentSink {
  delivered?: ((fields: DeliverFields, header: Buffer, body: Buffer) => void) | undefined;
  returned?(fields: ReturnFields, header: Buffer, body: Buffer): void;
  confirmed?(tag: number, multiple: boolean, isTaken: boolean): void;
}

type Complete = (header: Buffer, body: Buffer) => void;

const noBody = Buffer.alloc(0);

/** No RabbitMQ can be told to take larger messages. */
const largestBody = 2 ** 29;

/**
 * Takes the frames of a channel that carry messages or confirm them, and leaves all others to amqplib. A message is a method,
 * a header and as many body frames as its size needs, with nothing of the same channel between them.
 */
export class ContentReader {
  readonly #sink: ContentSink;
  readonly #texts: TextCache;
  /** Which message comes next; one of the three at most. */
  #delivered: DeliverFields | undefined;
  #returned: ReturnFields | undefined;
  #expected: Complete | undefined;
  #header: Buffer | undefined;
  /** Made for a body of several frames. */
  #body: Buffer | undefined;
  #missing = 0;

  constructor(sink: ContentSink, texts: TextCache) {
    this.#sink = sink;
    this.#texts = texts;
  }

  /** The message that comes next is the answer to a get. */
  expect(complete: Complete): void {
    this.#expected = complete;
  }

  /** False when the frame is none of these. Throws when the broker breaks the protocol. */
  take(frame: Frame): boolean {
    switch (frame.type) {
      case frameMethod:
        return this.#takeMethod(frame.payload);
      case frameHeader:
        this.#takeHeader(frame.payload);
        return true;
      case frameBody:
        this.#takeBody(frame.payload);
        return true;
      default:
        return false;
    }
  }

  #takeMethod(payload: Buffer): boolean {
    const sink = this.#sink;
    switch (payload.readUInt32BE(0)) {
      case basicDeliver:
        this.#checkIdle();
        this.#delivered = readDeliver(payload, this.#texts);
        return true;
      case basicAck:
        sink.confirmed?.(readUint64(payload, 4), ((payload[12] as number) & 1) !== 0, true);
        return true;
      case basicNack:
        sink.confirmed?.(readUint64(payload, 4), ((payload[12] as number) & 1) !== 0, false);
        return true;
      case basicReturn:
        this.#checkIdle();
        this.#returned = readReturn(payload, this.#texts);
        return true;
      default:
        return false;
    }
  }

  #checkIdle(): void {
    if (this.#isAnnounced) throw new Error('The broker sent a message in the middle of another');
  }

  get #isAnnounced(): boolean {
    return (this.#delivered ?? this.#returned ?? this.#expected) !== undefined;
  }

  #takeHeader(payload: Buffer): void {
    if (!this.#isAnnounced || this.#header) throw new Error('The broker sent a content header where none belongs');
    const size = readUint64(payload, 4);
    if (size === 0) return this.#end(payload, noBody);
    if (size > largestBody)
      throw new Error(`The broker sent word of a body of ${size} bytes; the largest that can be has ${largestBody}`);
    this.#header = payload;
    this.#missing = size;
  }

  #takeBody(payload: Buffer): void {
    const header = this.#header;
    if (!header) throw new Error('The broker sent a body where none belongs');
    const missing = this.#missing;
    if (payload.length > missing) throw new Error('The broker sent more of a body than it announced');
    if (!this.#body && payload.length === missing) return this.#end(header, payload);
    // In one piece from the start: the smallest frames would need a hundred times the memory of what they bring.
    const body = (this.#body ??= Buffer.allocUnsafeSlow(missing));
    payload.copy(body, body.length - missing);
    this.#missing -= payload.length;
    if (this.#missing === 0) this.#end(header, body);
  }

  #end(header: Buffer, body: Buffer): void {
    const [delivered, returned, expected] = [this.#delivered, this.#returned, this.#expected];
    this.#header = this.#body = this.#delivered = this.#returned = this.#expected = undefined;
    if (delivered) this.#sink.delivered?.(delivered, header, body);
    else if (returned) this.#sink.returned?.(returned, header, body);
    else expected?.(header, body);
  }
}

function readDeliver(payload: Buffer, texts: TextCache): DeliverFields {
  let at = 5;
  let length = payload[4] as number;
  const consumerTag = texts.read(payload, at, length);
  at += length;
  const deliveryTag = readUint64(payload, at);
  const redelivered = ((payload[at + 8] as number) & 1) !== 0;
  length = payload[at + 9] as number;
  const exchange = texts.read(payload, at + 10, length);
  at += 10 + length;
  length = payload[at] as number;
  return { consumerTag, deliveryTag, redelivered, exchange, routingKey: texts.read(payload, at + 1, length) };
}

function readReturn(payload: Buffer, texts: TextCache): ReturnFields {
  const replyCode = payload.readUInt16BE(4);
  let at = 7;
  let length = payload[6] as number;
  const replyText = texts.read(payload, at, length);
  at += length;
  length = payload[at] as number;
  const exchange = texts.read(payload, at + 1, length);
  at += 1 + length;
  return { replyCode, replyText, exchange, routingKey: texts.read(payload, at + 1, payload[at] as number) };
}

/** 64 bits, of which neither tags nor sizes will ever use more than a double can count. */
function readUint64(payload: Buffer, at: number): number {
  return payload.readUInt32BE(at) * 2 ** 32 + payload.readUInt32BE(at + 4);
}
