import { DecodeError, EncodeError, InvalidArgumentError, SerializerNotInstalledError } from '../errors.ts';
import { absentCompressors, builtInCompressors } from './builtin-compressors.ts';
import type { CompressedBody, Compressor } from './compressor.ts';
import { defaultLimits } from './limits.ts';
import type { CodecLimits } from './limits.ts';
import { nearest } from '../nearest.ts';

/**
 * The compression methods of one application, by content type and alias. A new registry knows `gzip` (alias `zlib`) and
 * `brotli`, and `zstd` where Node has it.
 */
export class CompressorRegistry {
  /** Every content type and alias. */
  readonly #compressors = new Map<string, Compressor>();

  constructor() {
    for (const compressor of builtInCompressors) this.register(compressor);
  }

  /** Adds a compressor; it takes over names that others have. */
  register(compressor: Compressor): void {
    if (!compressor.contentType.includes('/')) {
      throw new InvalidArgumentError(
        `Cannot register a compressor for ${JSON.stringify(compressor.contentType)}: that is no content type.`,
      );
    }
    for (const name of namesOf(compressor)) this.#compressors.set(name, compressor);
  }

  /** @throws SerializerNotInstalledError when nothing is registered under this content type or alias. */
  unregister(nameOrContentType: string): void {
    const compressor = this.#find(nameOrContentType);
    for (const name of namesOf(compressor)) {
      if (this.#compressors.get(name) === compressor) this.#compressors.delete(name);
    }
  }

  /** The usual name of every registered compressor. */
  names(): string[] {
    return Array.from(new Set(this.#compressors.values()), ({ aliases, contentType }) => aliases[0] ?? contentType);
  }

  /**
   * Compresses a body. The content type belongs into the message's `compression` header.
   *
   * @throws EncodeError when it fails, SerializerNotInstalledError for an unknown content type or alias.
   */
  compress(body: Buffer, nameOrContentType: string): CompressedBody {
    const compressor = this.#find(nameOrContentType);
    try {
      return { body: compressor.compress(body), contentType: compressor.contentType };
    } catch (cause) {
      throw new EncodeError(`Cannot compress the body with ${nameOrContentType}: ${(cause as Error).message}`, {
        cause,
      });
    }
  }

  /**
   * Takes a compressed body apart. No more than `limits.maxDecompressedBytes` and a buffer of the decompressor are ever
   * held. Bytes after the compressed data are an error, though Python ignores them: nobody writes such messages on purpose.
   *
   * @throws DecodeError when the body or the result is larger than the limits, or the data is malformed, truncated or
   * followed by others; SerializerNotInstalledError for an unknown content type or alias.
   */
  decompress(body: Buffer, nameOrContentType: string, limits: CodecLimits = defaultLimits): Buffer {
    const compressor = this.#find(nameOrContentType);
    const { maxBodyBytes, maxDecompressedBytes } = limits;
    if (body.length > maxBodyBytes) {
      throw new DecodeError(
        `The compressed body has ${body.length} bytes, ${maxBodyBytes} are allowed (limits.maxBodyBytes).`,
      );
    }
    let result: Buffer;
    try {
      result = compressor.decompress(body, maxDecompressedBytes);
    } catch (cause) {
      if (isTooLarge(cause)) throw tooLarge(nameOrContentType, maxDecompressedBytes, cause);
      throw new DecodeError(`Cannot decompress the ${nameOrContentType} body: ${(cause as Error).message}`, { cause });
    }
    if (result.length > maxDecompressedBytes) throw tooLarge(nameOrContentType, maxDecompressedBytes);
    return result;
  }

  #find(name: string): Compressor {
    const compressor = this.#compressors.get(name);
    if (compressor) return compressor;
    const absent = absentCompressors.find(({ names }) => names.includes(name));
    if (absent) {
      throw new SerializerNotInstalledError(
        `The compression ${name} is not installed: npm install ${absent.package}, then import '${absent.package}/register' or compressors.register() it.`,
      );
    }
    const near = nearest(name, [...this.#compressors.keys(), ...absentCompressors.flatMap(({ names }) => names)]);
    throw new SerializerNotInstalledError(
      `No compression ${JSON.stringify(name.slice(0, 80))} is registered: ` +
        (near === undefined
          ? `known are ${this.names().join(', ')}; compressors.register() adds one.`
          : `did you mean ${near}?`),
    );
  }
}

const namesOf = ({ contentType, aliases }: Compressor): readonly string[] => [contentType, ...aliases];

const isTooLarge = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';

function tooLarge(name: string, allowed: number, cause?: unknown): DecodeError {
  return new DecodeError(
    `The ${name} body decompresses to more than ${allowed} bytes (limits.maxDecompressedBytes). Raise the limit if the sender is trusted.`,
    { cause },
  );
}

/** The compressors that are used where no others are given. Registering here holds for the whole process. */
export const compressors: CompressorRegistry = new CompressorRegistry();
