import { DecodeError, EncodeError, KombuError, SerializerNotInstalledError } from '../errors.ts';
import { JsonReader, tooDeep } from './json-reader.ts';
import type { JsonCodecOptions } from './json-reader.ts';
import { JsonReviver } from './json-reviver.ts';
import { DEEP, INEXACT, inspect, isDeeperThan, isPlainJson, MARKED } from './json-scan.ts';
import { builtInTypes } from './json-types.ts';
import type { JsonType } from './json-types.ts';
import { JsonWriter } from './json-writer.ts';
import { defaultLimits } from './limits.ts';
import type { CodecLimits } from './limits.ts';

export type { JsonCodecOptions };

/** Below this many characters, however deep, `JSON.parse` takes a few megabytes at most; above, look first. */
const scanAbove = 65_536;

/**
 * Kombu's JSON: plain JSON, plus objects `{"__type__": marker, "__value__": …}` for what JSON has no form for. Python
 * Kombu and Celery read and write the same.
 *
 * | JavaScript | marker | Python |
 * |---|---|---|
 * | `Date` | datetime with offset | aware `datetime`; digits below the millisecond are cut off on reading |
 * | {@link PlainDateTime} | datetime without offset | naive `datetime` |
 * | {@link PlainDate}, {@link PlainTime}, {@link Decimal}, {@link Uuid} | date, time, decimal, uuid | `date`, `time`, `Decimal`, `UUID` |
 * | `Buffer` (writing: any `Uint8Array`) | bytes, or base64 when it is not UTF-8 | `bytes` |
 *
 * Writing: `bigint` becomes an integer. Undefined, functions and symbols are left out of objects and become null in
 * arrays, as with `JSON.stringify`. `toJSON` is honoured; other instances of classes are written as their own enumerable
 * properties. NaN and infinities, `Map`, `Set`, errors, promises and typed arrays other than `Uint8Array` are errors, for
 * JSON would lose them. A plain object that looks like a marker is written as it is, and read as a marker.
 *
 * Reading: an unknown marker is an error; keys named `__proto__` are dropped; integers beyond 2^53 and the `NaN` and
 * `Infinity` that Python writes are errors unless the options say otherwise.
 */
export class JsonCodec {
  readonly #numbers: JsonCodecOptions;
  /** Newest first, the built-in ones last. */
  #types: readonly JsonType[] = builtInTypes;
  #decoders: ReadonlyMap<string, (raw: unknown) => unknown> = decodersOf(builtInTypes);

  constructor(options: JsonCodecOptions = {}) {
    this.#numbers = options;
  }

  /**
   * Writes a value as JSON text.
   *
   * @throws EncodeError that names the path of what cannot be written: see the class; also cycles, and more than
   * `limits.maxDepth` levels.
   */
  stringify(value: unknown, { maxDepth }: Pick<CodecLimits, 'maxDepth'> = defaultLimits): string {
    try {
      const plain = isPlainJson(value, maxDepth);
      const text = plain ? JSON.stringify(value) : new JsonWriter(this.#types, maxDepth).write(value);
      if (text !== undefined) return text;
    } catch (cause) {
      if (cause instanceof KombuError) throw cause;
      throw new EncodeError(`Cannot write the value as JSON: ${(cause as Error).message}`, { cause });
    }
    throw new EncodeError(`Cannot write ${typeof value} as JSON; send null for no value.`);
  }

  /**
   * Reads JSON text: a body, or a whole envelope.
   *
   * @param numbers - Options for this text, in place of the codec's own.
   * @throws DecodeError when the text is not JSON, is longer or deeper than the limits, or holds an unknown or wrong
   * marker or a number that the options refuse.
   */
  parse(
    text: string,
    limits: Pick<CodecLimits, 'maxBodyBytes' | 'maxDepth'> = defaultLimits,
    numbers: JsonCodecOptions = this.#numbers,
  ): unknown {
    if (text.length > limits.maxBodyBytes) {
      throw new DecodeError(
        `Cannot read the JSON: ${text.length} characters, ${limits.maxBodyBytes} are allowed (limits.maxBodyBytes).`,
      );
    }
    try {
      return this.#parse(text, limits.maxDepth, numbers);
    } catch (cause) {
      if (cause instanceof KombuError) throw cause;
      throw new DecodeError(`Cannot read the JSON: ${(cause as Error).message}`, { cause });
    }
  }

  /**
   * Adds a type. Its `is` is asked about every value that JSON has no form of its own for: instances of classes, plain
   * objects with a `toJSON`, bigints, NaN and the infinities, functions, symbols. The newest type is asked first, the
   * built-in ones last, then `toJSON` counts. A name that is registered already is replaced.
   */
  register<T>(type: JsonType<T>): void {
    const others = this.#types.filter((known) => known.name !== type.name || isAnonymous(known) || isBuiltIn(known));
    this.#use([type, ...others]);
  }

  /**
   * Takes a type back that was registered, by its name or, where it has none, by the object given to `register`. A
   * built-in type that it replaced is back in force.
   *
   * @throws SerializerNotInstalledError when no such type is registered.
   */
  unregister(type: string | JsonType<never>): void {
    const others = this.#types.filter((known) => isBuiltIn(known) || (known !== type && known.name !== type));
    if (others.length === this.#types.length) {
      const name = typeof type === 'string' ? type : (type.name ?? '(without name)');
      throw new SerializerNotInstalledError(`No JSON type ${name} is registered.`);
    }
    this.#use(others);
  }

  #use(types: readonly JsonType[]): void {
    this.#types = types;
    this.#decoders = decodersOf(types);
  }

  #parse(text: string, maxDepth: number, numbers: JsonCodecOptions): unknown {
    if (text.length > scanAbove && isDeeperThan(text, maxDepth)) throw tooDeep(maxDepth);
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      // Not JSON, or JSON as Python writes it: the slow lane reads the one and explains the other.
      return this.#revive(new JsonReader(text, maxDepth, numbers).read());
    }
    const findings = inspect(value, maxDepth);
    if (findings === 0) return value;
    if ((findings & DEEP) !== 0) throw tooDeep(maxDepth);
    if ((findings & INEXACT) !== 0) value = new JsonReader(text, maxDepth, numbers).read();
    return (findings & MARKED) === 0 ? value : this.#revive(value);
  }

  #revive(value: unknown): unknown {
    return new JsonReviver(this.#decoders).revive(value);
  }
}

const isBuiltIn = (type: JsonType): boolean => builtInTypes.includes(type);
const isAnonymous = (type: JsonType): boolean => type.name === undefined;

/** Of several types with one name the first decodes. */
function decodersOf(types: readonly JsonType[]): ReadonlyMap<string, (raw: unknown) => unknown> {
  const decoders = new Map<string, (raw: unknown) => unknown>();
  for (const type of types.toReversed()) {
    if (type.name !== undefined) decoders.set(type.name, (raw) => (type.decode ? type.decode(raw) : raw));
  }
  return decoders;
}

/** The JSON codec that the default serializer registry uses. Types registered here hold for the whole process. */
export const jsonCodec: JsonCodec = new JsonCodec();
