import type { Envelope, MessageProperties } from '@kombu/core/spi';
import { InvalidArgumentError } from '@kombu/core/spi';
import { writeFieldTable } from './field-table-writer.ts';
import { propertyFlags as flag } from './property-flags.ts';
import type { WriteBuffer } from './write-buffer.ts';

/**
 * Writes the basic properties of a message: flags, then what they announce. Properties that AMQP does not have are not sent.
 *
 * @throws InvalidArgumentError for a value that AMQP has no room for, EncodeError for a header.
 */
export function writeProperties(
  out: WriteBuffer,
  { contentType, contentEncoding, headers, properties }: Envelope,
): void {
  out.uint16(0);
  const mark = out.size;
  let flags = flag.headers;
  if (contentType !== undefined) {
    flags |= flag.contentType;
    out.shortString(contentType, 'contentType');
  }
  if (contentEncoding !== undefined) {
    flags |= flag.contentEncoding;
    out.shortString(contentEncoding, 'contentEncoding');
  }
  // As Kombu does, also when it is empty.
  writeFieldTable(out, headers);
  flags |= writeBasics(out, properties);
  const at = out.at - (out.size - mark) - 2;
  out.bytes[at] = flags >>> 8;
  out.bytes[at + 1] = flags;
}

/** In the order of the protocol. */
function writeBasics(out: WriteBuffer, properties: MessageProperties): number {
  let flags = 0;
  const { deliveryMode, priority, expiration, timestamp } = properties;
  if (deliveryMode !== undefined) {
    flags |= flag.deliveryMode;
    out.uint8(inRange(deliveryMode, 255, 'deliveryMode'));
  }
  if (priority !== undefined) {
    flags |= flag.priority;
    out.uint8(inRange(priority, 255, 'priority'));
  }
  flags |= writeText(out, properties, 'correlationId') | writeText(out, properties, 'replyTo');
  if (expiration !== undefined) {
    flags |= flag.expiration;
    out.shortString(String(inRange(expiration, 0xff_ff_ff_ff, 'expiration')), 'expiration');
  }
  flags |= writeText(out, properties, 'messageId');
  if (timestamp !== undefined) {
    flags |= flag.timestamp;
    out.uint64(inRange(timestamp, Number.MAX_SAFE_INTEGER, 'timestamp'));
  }
  return (
    flags |
    writeText(out, properties, 'type') |
    writeText(out, properties, 'userId') |
    writeText(out, properties, 'appId') |
    writeText(out, properties, 'clusterId')
  );
}

type TextProperty = 'correlationId' | 'replyTo' | 'messageId' | 'type' | 'userId' | 'appId' | 'clusterId';

function writeText(out: WriteBuffer, properties: MessageProperties, name: TextProperty): number {
  const text = properties[name];
  if (text === undefined) return 0;
  out.shortString(text, name);
  return flag[name];
}

function inRange(value: number, max: number, name: string): number {
  if (Number.isInteger(value) && value >= 0 && value <= max) return value;
  throw new InvalidArgumentError(`${name} must be an integer from 0 up to ${max}, not ${String(value)}`);
}
