import { types } from 'node:util';
import { DecodeError, EncodeError, InvalidArgumentError, KombuError, SerializerNotInstalledError } from '../errors.ts';
import { absentSerializers, findAbsent, pickle } from './absent-serializers.ts';
import { disallowed, isAccepted } from './acceptance.ts';
import type { LoadOptions } from './acceptance.ts';
import { jsonSerializer, rawSerializer, textSerializer } from './builtin-serializers.ts';
import { decodeText, encodeUtf8 } from './charset.ts';
import { jsonCodec } from './json.ts';
import { defaultLimits } from './limits.ts';
import { mediaType } from './media-type.ts';
import { nearest } from '../nearest.ts';
import type { SerializedBody, Serializer } from './serializer.ts';

/**
 * The serializers of one application, by name and content type. A new registry knows `json`, `text` (text/plain) and
 * `raw` (application/data), all enabled.
 */
export class SerializerRegistry {
  readonly #byName = new Map<string, Serializer>();
  readonly #byType = new Map<string, Serializer>();
  readonly #disabled = new Set<string>();

  constructor() {
    for (const { contentType } of absentSerializers) this.#disabled.add(contentType);
    for (const serializer of [jsonSerializer(jsonCodec), textSerializer, rawSerializer]) this.register(serializer);
  }

  /**
   * Adds a serializer, or replaces the one of this name.
   *
   * @param options - `enabled: false`: it writes, but reads only for consumers that accept it. Default true.
   * @throws ContentDisallowedError for pickle.
   */
  register(serializer: Serializer, { enabled = true }: { readonly enabled?: boolean } = {}): void {
    const { name } = serializer;
    const contentType = mediaType(serializer.contentType);
    if (name === '' || name.includes('/') || !contentType.includes('/')) {
      throw new InvalidArgumentError(
        `Cannot register the serializer ${JSON.stringify(name)} for ${JSON.stringify(contentType)}: a name has no slash, a content type has one.`,
      );
    }
    if (name === pickle.name || contentType === pickle.contentType) throw pickle.refuse();
    if (this.#byName.has(name)) this.unregister(name);
    this.#byName.set(name, serializer);
    this.#byType.set(contentType, serializer);
    if (enabled) this.#disabled.delete(contentType);
    else this.#disabled.add(contentType);
  }

  /** @throws SerializerNotInstalledError when nothing is registered under this name. */
  unregister(name: string): void {
    const serializer = this.#named(name);
    const contentType = mediaType(serializer.contentType);
    this.#byName.delete(name);
    if (this.#byType.get(contentType) === serializer) this.#byType.delete(contentType);
    if (findAbsent(contentType)) this.#disabled.add(contentType);
  }

  /**
   * Lets consumers without an accept list decode a type.
   *
   * @throws SerializerNotInstalledError when there is no such serializer, ContentDisallowedError for pickle.
   */
  enable(nameOrType: string): void {
    const contentType = this.#typeOf(nameOrType);
    if (!this.#byType.has(contentType)) refuseAbsent(contentType);
    this.#disabled.delete(contentType);
  }

  /** Refuses a type, known or not, to consumers without an accept list. Writing it stays possible. */
  disable(nameOrType: string): void {
    this.#disabled.add(this.#typeOf(nameOrType));
  }

  /** The names of all registered serializers. */
  names(): string[] {
    return [...this.#byName.keys()];
  }

  /** @throws SerializerNotInstalledError for an unknown name. */
  nameToType(name: string): string {
    const { contentType } = this.#byName.get(name) ?? findAbsent(name) ?? this.#named(name);
    return mediaType(contentType);
  }

  /** The name of the serializer for a content type; undefined when there is none. */
  typeToName(contentType: string): string | undefined {
    const type = this.#canonical(contentType);
    return (this.#byType.get(type) ?? findAbsent(type))?.name;
  }

  /**
   * Makes an accept list out of names and content types, for {@link LoadOptions.accept}. A content type need not be known.
   *
   * @throws SerializerNotInstalledError for an unknown name, and for `yaml` and `msgpack` while they are not installed.
   */
  acceptedTypes(namesOrTypes: Iterable<string>): ReadonlySet<string> {
    const accepted = new Set<string>();
    for (const nameOrType of namesOrTypes) {
      // An accept list ported from Python may name pickle; loads() says to each such message why it is refused.
      if (!nameOrType.includes('/') && nameOrType !== pickle.name) this.#named(nameOrType);
      accepted.add(this.#typeOf(nameOrType));
    }
    return accepted;
  }

  /**
   * Encodes a value. Without a serializer name a string becomes text/plain, a Buffer (any `Uint8Array`) application/data,
   * and everything else JSON, as in Kombu.
   *
   * @throws EncodeError when the value cannot be written, SerializerNotInstalledError for an unknown name,
   * ContentDisallowedError for pickle.
   */
  dumps(value: unknown, serializerName: string = defaultFor(value)): SerializedBody {
    const serializer = this.#byName.get(serializerName) ?? this.#named(serializerName);
    let encoded: Uint8Array | string;
    try {
      encoded = serializer.encode(value);
    } catch (cause) {
      if (cause instanceof KombuError) throw cause;
      throw new EncodeError(`The serializer ${serializerName} cannot write the value: ${reasonOf(cause)}`, { cause });
    }
    // Raw is the one serializer whose content encoding depends on what it is given.
    const text = serializer === rawSerializer && typeof value === 'string';
    return {
      contentType: serializer.contentType,
      contentEncoding: text ? 'utf-8' : serializer.contentEncoding,
      body: toBuffer(encoded, serializerName),
    };
  }

  /**
   * Decodes a body.
   *
   * A missing content type means application/data, a missing content encoding utf-8; upper case and parameters such as
   * `; charset=utf-8` do not matter. A type that no serializer is registered for decodes to text in the character set
   * that the content encoding names, or to the bytes themselves for `binary` and `ascii-8bit`. So does an empty body,
   * whatever its type: to `''` or an empty Buffer. (Kombu gives the empty bytes back.)
   *
   * @throws ContentDisallowedError when the type is not accepted, or is disabled and neither accepted nor forced, and for
   * pickle always; SerializerNotInstalledError for an accepted type whose package is missing; DecodeError when the body
   * is larger than `limits.maxBodyBytes` or malformed.
   */
  loads(
    body: Buffer,
    contentType: string | undefined,
    contentEncoding: string | undefined,
    options: LoadOptions = {},
  ): unknown {
    const type = contentType ? this.#canonical(contentType) : 'application/data';
    if (!isAccepted(type, this.#disabled, options)) throw disallowed(type, this.typeToName(type), options.accept);
    const encoding = contentEncoding ? contentEncoding.toLowerCase() : 'utf-8';
    const limits = options.limits ?? defaultLimits;
    if (body.length > limits.maxBodyBytes) throw tooLarge(body.length, limits.maxBodyBytes);
    const serializer = this.#byType.get(type);
    if (serializer === undefined) refuseAbsent(type);
    if (serializer === undefined || body.length === 0) return decodeText(body, encoding);
    try {
      return serializer.decode(body, encoding, limits);
    } catch (cause) {
      if (cause instanceof KombuError) throw cause;
      throw new DecodeError(`The serializer ${serializer.name} cannot read the body: ${reasonOf(cause)}`, { cause });
    }
  }

  #named(name: string): Serializer {
    const serializer = this.#byName.get(name);
    if (serializer) return serializer;
    refuseAbsent(name);
    const near = nearest(name, [...this.#byName.keys(), ...absentSerializers.map((known) => known.name)]);
    throw new SerializerNotInstalledError(
      `No serializer ${JSON.stringify(name.slice(0, 80))} is registered: ` +
        (near === undefined
          ? `known are ${this.names().join(', ')}; serializers.register() adds one.`
          : `did you mean ${near}?`),
    );
  }

  #typeOf(nameOrType: string): string {
    return nameOrType.includes('/') ? this.#canonical(nameOrType) : this.nameToType(nameOrType);
  }

  #canonical(contentType: string): string {
    return this.#byType.has(contentType) ? contentType : mediaType(contentType);
  }
}

function defaultFor(value: unknown): string {
  if (typeof value === 'string') return 'text';
  return types.isUint8Array(value) ? 'raw' : 'json';
}

/** Throws for a name or content type that Kombu knows; to be called when nothing is registered for it. */
function refuseAbsent(nameOrType: string): void {
  const absent = findAbsent(nameOrType);
  if (absent) throw absent.refuse();
}

function toBuffer(encoded: Uint8Array | string, serializerName: string): Buffer {
  if (typeof encoded === 'string') return encodeUtf8(encoded);
  if (Buffer.isBuffer(encoded)) return encoded;
  if (types.isUint8Array(encoded)) return Buffer.from(encoded.buffer, encoded.byteOffset, encoded.byteLength);
  throw new EncodeError(`The serializer ${serializerName} gave neither bytes nor a string.`);
}

function tooLarge(size: number, allowed: number): DecodeError {
  return new DecodeError(
    `The body has ${size} bytes, ${allowed} are allowed (limits.maxBodyBytes). Raise the limit if the sender is trusted.`,
  );
}

const reasonOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));

/** The serializers that are used where no others are given. Registering here holds for the whole process. */
export const serializers: SerializerRegistry = new SerializerRegistry();
