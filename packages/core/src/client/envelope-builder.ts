import { EncodeError, InvalidArgumentError } from '../errors.ts';
import type { Envelope, Headers, MessageProperties } from '../spi/envelope.ts';
import { uniqueId } from '../unique-id.ts';
import { deliveryModeNumber } from './delivery-mode.ts';
import type { Host } from './host.ts';
import type { PublishOptions } from './publish-options.ts';

/**
 * Encodes a body with its properties. Throws EncodeError, SerializerNotInstalledError or InvalidArgumentError; nothing has
 * been sent then.
 */
export function buildEnvelope(body: unknown, options: PublishOptions, owner: Host): Envelope {
  const encoded = encodeBody(body, options, owner);
  // A copy: the caller may go on with his own before the message is sent.
  const headers: Headers = { ...options.headers };
  let bytes = encoded.body;
  if (options.compression !== undefined) {
    const compressed = owner.compressors.compress(bytes, options.compression);
    bytes = compressed.body;
    headers['compression'] = compressed.contentType;
  }
  return {
    body: bytes,
    contentType: encoded.contentType,
    contentEncoding: encoded.contentEncoding,
    headers,
    properties: buildProperties(options),
  };
}

function encodeBody(
  body: unknown,
  { contentType, contentEncoding, serializer }: PublishOptions,
  owner: Host,
): { contentType: string; contentEncoding: string; body: Buffer } {
  if (contentType === undefined) return owner.serializers.dumps(body, serializer);
  if (typeof body === 'string') {
    const encoding = contentEncoding ?? 'utf-8';
    return { contentType, contentEncoding: encoding, body: Buffer.from(body, bufferEncoding(encoding)) };
  }
  if (body instanceof Uint8Array) {
    const bytes = Buffer.isBuffer(body) ? body : Buffer.from(body.buffer, body.byteOffset, body.byteLength);
    return { contentType, contentEncoding: contentEncoding ?? 'binary', body: bytes };
  }
  throw new EncodeError(
    `With a contentType ('${contentType}') the body has to be encoded already: a string or a Buffer`,
  );
}

function bufferEncoding(name: string): BufferEncoding {
  const lower = name.toLowerCase();
  if (lower === 'us-ascii') return 'ascii';
  if (lower === 'iso-8859-1') return 'latin1';
  if (Buffer.isEncoding(lower) && lower !== 'base64' && lower !== 'hex') return lower;
  throw new EncodeError(`A string cannot be encoded as '${name}': pass a Buffer with that contentEncoding`);
}

function buildProperties(options: PublishOptions): MessageProperties {
  const { priority, expiration, deliveryMode, exchange, replyTo, correlationId, timestamp, type, userId, appId } =
    options;
  const exchangeMode = typeof exchange === 'object' ? exchange.deliveryMode : undefined;
  const mode = deliveryMode === undefined ? (exchangeMode ?? 2) : deliveryModeNumber(deliveryMode);
  const properties: MessageProperties = { deliveryMode: mode, messageId: options.messageId ?? uniqueId() };
  if (priority !== undefined) properties.priority = wholeNumber('priority', priority);
  if (expiration !== undefined) properties.expiration = wholeNumber('expiration', expiration);
  if (replyTo !== undefined) properties.replyTo = typeof replyTo === 'string' ? replyTo : replyTo.name;
  if (correlationId !== undefined) properties.correlationId = correlationId;
  if (timestamp !== undefined) properties.timestamp = timestamp;
  if (type !== undefined) properties.type = type;
  if (userId !== undefined) properties.userId = userId;
  if (appId !== undefined) properties.appId = appId;
  return options.properties ? { ...options.properties, ...properties } : properties;
}

function wholeNumber(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new InvalidArgumentError(`${name} must be an integer of at least 0, not ${String(value)}`);
}
