import { jsonCodec } from '../codec/json.ts';
import { uniqueId } from '../unique-id.ts';
import type { Envelope, Headers, MessageProperties } from '../spi/envelope.ts';
import { envelopeKeys, expiresAtKey, wireNames } from './wire-names.ts';

/**
 * Writes an envelope as Kombu's JSON, up to the place where the copies for several queues differ; {@link sealCopy} ends it.
 * The texts of all copies share this head.
 */
export function writeHead(envelope: Envelope, exchange: string, routingKey: string): string {
  const { body, contentType, contentEncoding, headers, properties } = envelope;
  return (
    `{"body":"${body.toString('base64')}","content-encoding":${quoteOrNull(contentEncoding)},` +
    `"content-type":${quoteOrNull(contentType)},"headers":${headersText(headers)},` +
    `"properties":{${propertiesText(properties)}` +
    `"delivery_info":{"exchange":${quote(exchange)},"routing_key":${quote(routingKey)}},` +
    `"priority":${properties.priority ?? 0},"body_encoding":"base64",`
  );
}

/** One copy for one queue. Each has a tag of its own, because Python readers key their records of unacked messages by it. */
export function sealCopy(head: string, expiresAt: number | undefined): string {
  const expiry = expiresAt === undefined ? '' : `"${expiresAtKey}":${expiresAt},`;
  // Joined, not added: a sum of strings stays a tree of its parts, which costs three times the memory while it waits.
  return [head, expiry, '"delivery_tag":"', uniqueId(), '"}}'].join('');
}

function propertiesText(properties: MessageProperties): string {
  let text = '';
  for (const name of Object.keys(properties)) {
    const value = properties[name];
    if (value === undefined || name === 'priority') continue;
    const key = wireNames.get(name) ?? name;
    // Envelope facts are written by us; a property of that name would contradict them.
    if (envelopeKeys.has(key)) continue;
    text += `${quote(key)}:${key === 'expiration' ? `"${properties.expiration}"` : valueText(value)},`;
  }
  return text;
}

function valueText(value: unknown): string {
  return typeof value === 'string' ? quote(value) : jsonCodec.stringify(value);
}

function headersText(headers: Headers): string {
  for (const name in headers) if (headers[name] !== undefined) return jsonCodec.stringify(headers);
  return '{}';
}

function quoteOrNull(text: string | undefined): string {
  return text === undefined ? 'null' : quote(text);
}

// eslint-disable-next-line no-control-regex -- control characters are what has to be escaped.
const needsEscapes = /["\\\u0000-\u001f\ud800-\udfff]/;

function quote(text: string): string {
  return needsEscapes.test(text) ? JSON.stringify(text) : `"${text}"`;
}
