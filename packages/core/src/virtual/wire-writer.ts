import { jsonCodec } from '../codec/json.ts';
import type { Envelope, Headers, MessageProperties } from '../spi/envelope.ts';
import { uniqueId } from '../unique-id.ts';
import { envelopeKeys, expiresAtKey, wireNames } from './wire-names.ts';

/**
 * Writes envelopes as Kombu's JSON. What a producer repeats in each of its messages is written once and kept: to quote it
 * again would cost more than all the rest, and a text is made the faster the fewer its parts.
 */
export class EnvelopeWriter {
  readonly #content = new LastText<string>(
    (encoding, type, headers = '{}') =>
      `","content-encoding":${quoteOrNull(encoding)},"content-type":${quoteOrNull(type)},"headers":${headers},"properties":{`,
  );
  readonly #origin = new LastText<string | number>(
    (exchange = '', routingKey = '', priority = 0, mode) =>
      `${mode === undefined ? '' : `"delivery_mode":${valueText(mode)},`}"delivery_info":{"exchange":${valueText(exchange)},` +
      `"routing_key":${valueText(routingKey)}},"priority":${priority},"body_encoding":"base64",`,
  );

  /** The text up to the place where the copies for several queues differ; {@link sealCopy} ends it. */
  head(envelope: Envelope, exchange: string, routingKey: string): string {
    const { body, contentType, contentEncoding, headers, properties } = envelope;
    const content = this.#content.of(contentEncoding, contentType, headersText(headers));
    const origin = this.#origin.of(exchange, routingKey, properties.priority, properties.deliveryMode);
    return `{"body":"${body.toString('base64')}${content}${propertiesText(properties)}${origin}`;
  }
}

/** One copy for one queue. Each has a tag of its own, because Python readers key their records of unacked messages by it. */
export function sealCopy(head: string, expiresAt: number | undefined): string {
  const expiry = expiresAt === undefined ? '' : `"${expiresAtKey}":${expiresAt},`;
  return flat(`${head}${expiry}"delivery_tag":"${uniqueId()}"}}`);
}

/** A text of up to four words that stays the same as long as the words do. */
class LastText<Word> {
  readonly #write: (one?: Word, two?: Word, three?: Word, four?: Word) => string;
  #one: Word | undefined;
  #two: Word | undefined;
  #three: Word | undefined;
  #four: Word | undefined;
  #text: string | undefined;

  constructor(write: (one?: Word, two?: Word, three?: Word, four?: Word) => string) {
    this.#write = write;
  }

  of(one: Word | undefined, two: Word | undefined, three: Word | undefined, four?: Word): string {
    const isSame = one === this.#one && two === this.#two && three === this.#three && four === this.#four;
    // Made one piece only here, where it turns out to be of use again.
    if (isSame && this.#text !== undefined) return flat(this.#text);
    this.#one = one;
    this.#two = two;
    this.#three = three;
    this.#four = four;
    this.#text = this.#write(one, two, three, four);
    return this.#text;
  }
}

/** A sum of strings is a tree of its parts, with three times the memory, until somebody reads a character of it. */
function flat(text: string): string {
  text.charCodeAt(0);
  return text;
}

/** The names of the usual properties, ready to be put before a text. */
const keyTexts: ReadonlyMap<string, string> = new Map(
  [...wireNames].map(([name, wire]) => [name, `${JSON.stringify(wire)}:"`]),
);

/** All but those that stand with the origin. */
function propertiesText(properties: MessageProperties): string {
  let text = '';
  for (const name in properties) {
    const value = properties[name];
    if (value === undefined || name === 'priority' || name === 'deliveryMode') continue;
    const key = typeof value === 'string' ? keyTexts.get(name) : undefined;
    if (key !== undefined) text += `${key}${escaped(value as string)}",`;
    // Envelope facts are written by us; a property of that name would contradict them.
    else if (!envelopeKeys.has(name)) {
      text += `${quote(wireNames.get(name) ?? name)}:${name === 'expiration' ? `"${Number(value)}"` : valueText(value)},`;
    }
  }
  return text;
}

function valueText(value: unknown): string {
  if (typeof value === 'string') return quote(value);
  return Number.isSafeInteger(value) ? String(value) : jsonCodec.stringify(value);
}

function headersText(headers: Headers): string | undefined {
  for (const name in headers) if (headers[name] !== undefined) return jsonCodec.stringify(headers);
  return undefined;
}

function quoteOrNull(text: string | undefined): string {
  return text === undefined ? 'null' : quote(text);
}

function quote(text: string): string {
  return `"${escaped(text)}"`;
}

// eslint-disable-next-line no-control-regex -- control characters are what has to be escaped.
const needsEscapes = /["\\\u0000-\u001f\ud800-\udfff]/;

/** As JSON has it between quotes. */
function escaped(text: string): string {
  return needsEscapes.test(text) ? JSON.stringify(text).slice(1, -1) : text;
}
