import { jsonCodec } from '../codec/json.ts';
import type { Envelope, Headers, MessageProperties } from '../spi/envelope.ts';
import { uniqueId } from '../unique-id.ts';
import { envelopeKeys, expiresAtKey, wireNames } from './wire-names.ts';

/**
 * Writes envelopes as Kombu's JSON. The parts that a producer repeats in each of its messages are written once and kept: to
 * quote them again would cost more than all the rest.
 */
export class EnvelopeWriter {
  readonly #content = new LastText(
    (encoding, type) => `"content-encoding":${quoteOrNull(encoding)},"content-type":${quoteOrNull(type)},"headers":`,
  );
  readonly #origin = new LastText(
    (exchange = '', routingKey = '') =>
      `"delivery_info":{"exchange":${quote(exchange)},"routing_key":${quote(routingKey)}},"priority":`,
  );

  /** The text up to the place where the copies for several queues differ; {@link sealCopy} ends it. */
  head(envelope: Envelope, exchange: string, routingKey: string): string {
    const { body, contentType, contentEncoding, headers, properties } = envelope;
    return (
      `{"body":"${body.toString('base64')}",${this.#content.of(contentEncoding, contentType)}${headersText(headers)},` +
      `"properties":{${propertiesText(properties)}${this.#origin.of(exchange, routingKey)}${properties.priority ?? 0},` +
      '"body_encoding":"base64",'
    );
  }
}

/** One copy for one queue. Each has a tag of its own, because Python readers key their records of unacked messages by it. */
export function sealCopy(head: string, expiresAt: number | undefined): string {
  const expiry = expiresAt === undefined ? '' : `"${expiresAtKey}":${expiresAt},`;
  return flat(`${head}${expiry}"delivery_tag":"${uniqueId()}"}}`);
}

/** A text of two words that stays the same as long as the words do. */
class LastText {
  readonly #write: (one?: string, other?: string) => string;
  #one: string | undefined;
  #other: string | undefined;
  #text: string | undefined;

  constructor(write: (one?: string, other?: string) => string) {
    this.#write = write;
  }

  of(one: string | undefined, other: string | undefined): string {
    if (this.#text === undefined || one !== this.#one || other !== this.#other) {
      this.#one = one;
      this.#other = other;
      this.#text = this.#write(one, other);
    }
    return this.#text;
  }
}

/** A sum of strings is a tree of its parts, with three times the memory, until somebody reads a character of it. */
function flat(text: string): string {
  text.charCodeAt(0);
  return text;
}

/** The names of the usual properties, ready to be put before their values. */
const keyTexts: ReadonlyMap<string, string> = new Map(
  [...wireNames].map(([name, wire]) => [name, `${JSON.stringify(wire)}:`]),
);

function propertiesText(properties: MessageProperties): string {
  let text = '';
  for (const name in properties) {
    const value = properties[name];
    if (value === undefined || name === 'priority') continue;
    const key = keyTexts.get(name);
    if (key !== undefined) text += `${key}${valueText(value)},`;
    // Envelope facts are written by us; a property of that name would contradict them.
    else if (!envelopeKeys.has(name))
      text += `${quote(name)}:${name === 'expiration' ? `"${Number(value)}"` : valueText(value)},`;
  }
  return text;
}

function valueText(value: unknown): string {
  if (typeof value === 'string') return quote(value);
  return Number.isSafeInteger(value) ? String(value) : jsonCodec.stringify(value);
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
