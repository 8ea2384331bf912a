import type { CodecLimits } from './limits.ts';

/** Turns values into bodies and back. Both directions are synchronous. */
export interface Serializer {
  /** Short and unique, such as `json`. */
  readonly name: string;
  /** The media type that messages carry, such as `application/json`. */
  readonly contentType: string;
  /** The character set of the body, or `binary`. */
  readonly contentEncoding: string;
  /** Whatever it throws reaches the caller as, or as the cause of, an EncodeError. A string travels as UTF-8. */
  encode(value: unknown): Uint8Array | string;
  /**
   * The body comes from a stranger, is not empty and within `limits.maxBodyBytes`. `contentEncoding` is the message's, in
   * lower case. Whatever it throws reaches the caller as, or as the cause of, a DecodeError.
   */
  decode(body: Buffer, contentEncoding: string, limits: CodecLimits): unknown;
}

/** A body with what a reader needs to know about it. */
export interface SerializedBody {
  readonly contentType: string;
  readonly contentEncoding: string;
  readonly body: Buffer;
}
