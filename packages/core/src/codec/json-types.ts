import { isUtf8 } from 'node:buffer';
import { types } from 'node:util';
import { DecodeError, EncodeError } from '../errors.ts';
import { formatInstant, instantOf, isIsoDate, parseIsoTime } from './iso.ts';
import { Decimal, PlainDate, PlainDateTime, PlainTime, Uuid } from './value-types.ts';

/**
 * How values of one type travel in JSON, Kombu's `register_type`. A value becomes
 * `{"__type__": name, "__value__": encode(value)}`; a type without a name is written as `encode(value)` alone and
 * arrives as whatever that is.
 */
export interface JsonType<T = unknown> {
  /** The marker. The name of a built-in type replaces it. */
  readonly name?: string | undefined;
  /** Is this a value of the type? Asked about everything JSON has no form for: see {@link JsonCodec.register}. */
  is(value: unknown): boolean;
  /** The value in parts that can be written in turn: JSON values, or values of other registered types. */
  encode(value: T): unknown;
  /** Makes the value out of what `encode` gave. Hostile input gets here: check it, and throw. Default: left as it is. */
  decode?(raw: unknown): unknown;
}

/** A type that is its text. */
const textType = (name: string, type: new (text: string) => { readonly text: string }): JsonType<{ text: string }> => ({
  name,
  is: (value) => value instanceof type,
  encode: (value) => value.text,
  decode: (raw) => new type(stringOf(raw)),
});

const dateTimeType: JsonType<Date | PlainDateTime> = {
  name: 'datetime',
  is: (value) => types.isDate(value) || value instanceof PlainDateTime,
  encode(value) {
    if (value instanceof PlainDateTime) return value.text;
    const text = formatInstant(value);
    if (text === undefined) throw new EncodeError('the Date is invalid or outside the years 1 to 9999');
    return text;
  },
  decode(raw) {
    const text = stringOf(raw);
    const time = parseIsoTime(text.slice(11));
    if (time?.offset === undefined) return new PlainDateTime(text);
    const day = text.slice(0, 10);
    if (text[10] === 'T' && isIsoDate(day)) return instantOf(day, time);
    throw new DecodeError('the text is not YYYY-MM-DDTHH:MM[:SS[.ffffff]][+HH:MM]');
  },
};

const uuidType: JsonType<Uuid> = {
  name: 'uuid',
  is: (value) => value instanceof Uuid,
  encode: (value) => ({ hex: value.hex }),
  decode: (raw) => new Uuid(stringOf((raw as { hex?: unknown } | null)?.hex)),
};

/** Python writes bytes in one of two ways; both are read as a Buffer. */
const bytesType: JsonType<Uint8Array> = {
  name: 'bytes',
  is: (value) => types.isUint8Array(value) && isUtf8(value),
  encode: (value) => bufferOf(value).toString('utf8'),
  decode(raw) {
    const text = stringOf(raw);
    const bytes = Buffer.from(text, 'utf8');
    if (/\p{Surrogate}/u.test(text)) throw new DecodeError('a lone surrogate has no bytes');
    return bytes;
  },
};

const base64Type: JsonType<Uint8Array> = {
  name: 'base64',
  is: (value) => types.isUint8Array(value),
  encode: (value) => bufferOf(value).toString('base64'),
  decode(raw) {
    const text = stringOf(raw);
    const bytes = Buffer.from(text, 'base64');
    // Node skips what is not base64; only what reads back the same was base64.
    if (bytes.toString('base64') !== text) throw new DecodeError('the text is not base64 with padding');
    return bytes;
  },
};

/** Kombu's markers. The first type that knows a value writes it. */
export const builtInTypes: readonly JsonType[] = [
  dateTimeType,
  textType('date', PlainDate),
  textType('time', PlainTime),
  textType('decimal', Decimal),
  uuidType,
  bytesType,
  base64Type,
] as readonly JsonType[];

function stringOf(raw: unknown): string {
  if (typeof raw !== 'string') throw new DecodeError('its value is not a string');
  return raw;
}

const bufferOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
