import { types } from 'node:util';
import { ContentDisallowedError, DecodeError, EncodeError, SerializerNotInstalledError } from '../errors.ts';
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

/** What Kombu knows and this package does not bring: content type by name, and why not. */
interface Absent {
  readonly name: string;
  readonly contentType: string;
  /** The error for an attempt to use it. */
  refuse(): SerializerNotInstalledError;
}

const notInstalled = (name: string, contentType: string): Absent => ({
  name,
  contentType,
  refuse: () =>
    new SerializerNotInstalledError(
      `The serializer ${name} (${contentType}) is not installed: npm install @kombu/serializer-${name}, then serializers.register() it.`,
    ),
});

/** Serializers that are known by name and content type until one is registered in their place. */
export const absentSerializers: readonly Absent[] = [
  notInstalled('yaml', 'application/x-yaml'),
  notInstalled('msgpack', 'application/x-msgpack'),
  {
    name: 'pickle',
    contentType: 'application/x-python-serialize',
    refuse: () =>
      new ContentDisallowedError(
        'Refusing pickle (application/x-python-serialize): reading it executes code that the sender chose, so this library ' +
          "neither reads nor writes it, accepted or not. Publish with serializer='json' (Celery: task_serializer and " +
          "result_serializer = 'json').",
      ),
  },
];

const kindOf = (value: unknown): string =>
  value === null ? 'null' : typeof value === 'object' ? 'an object' : typeof value;
