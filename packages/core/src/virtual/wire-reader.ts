import { DecodeError } from '../errors.ts';
import type { Envelope, Headers, MessageProperties } from '../spi/envelope.ts';
import { parseWithBody } from './wire-json.ts';
import { deliveryCountHeader, expiresAtKey, propertyNames } from './wire-names.ts';

/** What a payload says. */
export interface WireMessage {
  readonly envelope: Envelope;
  readonly exchange: string;
  readonly routingKey: string;
  readonly redelivered: boolean;
  /** Undefined when nobody counted. */
  readonly deliveryCount: number | undefined;
  /** Wall-clock milliseconds. */
  readonly expiresAt: number | undefined;
  /** Why the payload is no envelope; `envelope.body` then holds it as it came. */
  readonly error: DecodeError | undefined;
}

type Json = Readonly<Record<string, unknown>>;

/** Reads a payload. Never throws: what is no envelope becomes a message with `error`, to be settled like any other. */
export function readEnvelope(payload: string): WireMessage {
  try {
    return interpret(parseWithBody(payload));
  } catch (error) {
    return unreadable(payload, error);
  }
}

function interpret(message: unknown): WireMessage {
  if (!isObject(message)) throw new DecodeError('it is JSON, but no object');
  const { properties } = message;
  if (!isObject(properties)) throw new DecodeError('it is a JSON object without `properties`');
  const headers: Headers = isObject(message['headers']) ? message['headers'] : {};
  const info: Json = isObject(properties['delivery_info']) ? properties['delivery_info'] : {};
  return {
    envelope: {
      body: bodyOf(message['body'], properties['body_encoding']),
      contentType: textOf(message['content-type']),
      contentEncoding: textOf(message['content-encoding']),
      headers,
      properties: propertiesOf(properties),
    },
    exchange: textOf(info['exchange']) ?? '',
    routingKey: textOf(info['routing_key']) ?? '',
    redelivered: message['redelivered'] === true || headers['redelivered'] === true || info['redelivered'] === true,
    deliveryCount: countOf(headers[deliveryCountHeader]),
    expiresAt: numberOf(properties[expiresAtKey]),
    error: undefined,
  };
}

function bodyOf(body: unknown, encoding: unknown): Buffer {
  if (body === undefined || body === null) return Buffer.alloc(0);
  // A typed marker: bytes that were put into the envelope directly.
  if (body instanceof Uint8Array) return Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  if (typeof body !== 'string') throw new DecodeError('its body is neither text nor bytes');
  if (encoding === 'base64') return base64Of(body) ?? notBase64();
  if (encoding === undefined || encoding === null || encoding === 'utf-8') return Buffer.from(body);
  throw new DecodeError(`its body_encoding is ${JSON.stringify(encoding)}, and only base64 and utf-8 are known`);
}

/** Undefined when it is no base64. */
export function base64Of(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  // Node skips what is no base64: the length tells. Without the padding, 4 characters make 3 bytes, and none makes none.
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const length = text.length - padding;
  if (length % 4 === 1 || bytes.length !== Math.floor((length * 3) / 4)) return undefined;
  return bytes;
}

function notBase64(): never {
  throw new DecodeError('its body is no base64');
}

function propertiesOf(wire: Json): MessageProperties {
  const properties: MessageProperties = {};
  for (const key of Object.keys(wire)) {
    const value = wire[key];
    if (value === undefined || value === null) continue;
    if (key === 'priority') properties.priority = clampPriority(value);
    else if (key === 'expiration') setExpiration(properties, value);
    else {
      const name = propertyNames.has(key) ? propertyNames.get(key) : key;
      if (name !== undefined) properties[name] = value;
    }
  }
  return properties;
}

/** Kombu's rule: anything else than a number counts as 0, and numbers are brought into 0 to 9. */
function clampPriority(value: unknown): number {
  if (typeof value !== 'number' || Number.isNaN(value)) return 0;
  return Math.trunc(Math.min(9, Math.max(0, value)));
}

function setExpiration(properties: MessageProperties, value: unknown): void {
  const ms = typeof value === 'string' && value !== '' ? Number(value) : value;
  if (typeof ms === 'number' && ms >= 0 && Number.isSafeInteger(Math.trunc(ms))) properties.expiration = Math.trunc(ms);
}

function countOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}

function unreadable(payload: string, cause: unknown): WireMessage {
  const detail = cause instanceof Error ? cause.message : String(cause);
  return {
    envelope: {
      body: Buffer.from(payload),
      contentType: undefined,
      contentEncoding: undefined,
      headers: {},
      properties: {},
    },
    exchange: '',
    routingKey: '',
    redelivered: false,
    deliveryCount: undefined,
    expiresAt: undefined,
    error: new DecodeError(
      `The payload is no message of Kombu: ${detail}. Its publisher does not use Kombu's envelope.`,
      {
        cause,
      },
    ),
  };
}
