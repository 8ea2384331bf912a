import { types } from 'node:util';
import { DecodeError, EncodeError } from '../errors.ts';
import { decodeText, decodeUtf8, encodeUtf8 } from './charset.ts';
import type { JsonCodec } from './json.ts';
import type { Serializer } from './serializer.ts';

/** The serializer `json` over a codec: pass one with other options to read BigInt, for instance. */
export function jsonSerializer(codec: JsonCodec): Serializer {
  return {
    name: 'json',
    contentType: 'application/json',
    contentEncoding: 'utf-8',
    encode: (value) => codec.stringify(value),
    // JSON is UTF-8 whatever the content encoding says: Kombu, too, does not look at it.
    decode(body, _contentEncoding, limits) {
      const text = decodeUtf8(body);
      if (text === undefined) throw new DecodeError('Cannot read the JSON: the body is not valid UTF-8.');
      return codec.parse(text, limits);
    },
  };
}

/** Strings as they are: what a string is published as when no serializer is named. */
export const textSerializer: Serializer = {
  name: 'text',
  contentType: 'text/plain',
  contentEncoding: 'utf-8',
  encode(value) {
    if (typeof value === 'string') return encodeUtf8(value);
    throw new EncodeError(`The serializer text takes a string, not ${kindOf(value)}; use json.`);
  },
  decode: decodeText,
};

/** Bytes as they are: what a Buffer is published as when no serializer is named. A string travels as UTF-8 text. */
export const rawSerializer: Serializer = {
  name: 'raw',
  contentType: 'application/data',
  contentEncoding: 'binary',
  encode(value) {
    if (typeof value === 'string') return encodeUtf8(value);
    if (types.isUint8Array(value)) return value;
    throw new EncodeError(`The serializer raw takes a Buffer or a string, not ${kindOf(value)}; use json.`);
  },
  decode: decodeText,
};

const kindOf = (value: unknown): string =>
  value === null ? 'null' : typeof value === 'object' ? 'an object' : typeof value;
