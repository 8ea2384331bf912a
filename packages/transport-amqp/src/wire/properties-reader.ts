import type { Envelope, Headers, MessageProperties } from '@kombu/core/spi';
import { DecodeError } from '@kombu/core/spi';
import { FieldTableReader } from './field-table-reader.ts';
import { propertyFlags as flag } from './property-flags.ts';
import type { TextCache } from './text-cache.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** In front of the properties: class, weight and size of the body. */
const contentHeadBytes = 12;

/**
 * Reads the payload of a content header frame and joins it with the body.
 *
 * @throws DecodeError when it cannot be read.
 */
export function readEnvelope(payload: Buffer, body: Buffer, texts: TextCache): Envelope {
  const reader = new PropertiesReader(payload, contentHeadBytes, texts);
  const flags = reader.uint16();
  const contentType = flags & flag.contentType ? reader.sharedText() : undefined;
  const contentEncoding = flags & flag.contentEncoding ? reader.sharedText() : undefined;
  const headers = flags & flag.headers ? reader.table() : {};
  return { body, contentType, contentEncoding, headers, properties: readBasics(reader, flags) };
}

function readBasics(reader: PropertiesReader, flags: number): MessageProperties {
  const properties: Mutable<MessageProperties> = {};
  if (flags & flag.deliveryMode) properties.deliveryMode = reader.uint8() as 1 | 2;
  if (flags & flag.priority) properties.priority = reader.uint8();
  if (flags & flag.correlationId) properties.correlationId = reader.ownText();
  if (flags & flag.replyTo) properties.replyTo = reader.sharedText();
  if (flags & flag.expiration) readExpiration(reader.ownText(), properties);
  if (flags & flag.messageId) properties.messageId = reader.ownText();
  if (flags & flag.timestamp) properties.timestamp = reader.uint64();
  if (flags & flag.type) properties.type = reader.sharedText();
  if (flags & flag.userId) properties.userId = reader.sharedText();
  if (flags & flag.appId) properties.appId = reader.sharedText();
  if (flags & flag.clusterId) properties.clusterId = reader.sharedText();
  return properties;
}

/** Text on the wire. RabbitMQ takes digits only; what other brokers let through is no time. */
function readExpiration(text: string, properties: MessageProperties): void {
  if (/^\d{1,15}$/.test(text)) properties.expiration = Number(text);
}

class PropertiesReader {
  readonly #bytes: Buffer;
  readonly #texts: TextCache;
  #at: number;

  constructor(bytes: Buffer, start: number, texts: TextCache) {
    this.#bytes = bytes;
    this.#texts = texts;
    this.#at = start;
  }

  uint8(): number {
    return this.#bytes[this.#take(1)] as number;
  }

  uint16(): number {
    return this.#bytes.readUInt16BE(this.#take(2));
  }

  uint64(): number {
    return Number(this.#bytes.readBigUInt64BE(this.#take(8)));
  }

  /** A text that many messages have. */
  sharedText(): string {
    const length = this.uint8();
    return this.#texts.read(this.#bytes, this.#take(length), length);
  }

  /** A text that this message has for itself. */
  ownText(): string {
    const length = this.uint8();
    const start = this.#take(length);
    return this.#bytes.toString('utf8', start, start + length);
  }

  table(): Headers {
    const start = this.#take(4);
    // Most have none.
    if (this.#bytes.readUInt32BE(start) === 0) return {};
    const table = new FieldTableReader(this.#bytes, start);
    const headers = table.readTable();
    this.#at = table.at;
    return headers;
  }

  #take(count: number): number {
    const start = this.#at;
    if (start + count > this.#bytes.length) throw new DecodeError('The properties of a message are cut off');
    this.#at = start + count;
    return start;
  }
}
