/** Makes bodies smaller and back. Both directions are synchronous. */
export interface Compressor {
  /** What the `compression` header says, such as `application/x-gzip`. */
  readonly contentType: string;
  /** Short names, the usual one first. Readers take them as header values, too. */
  readonly aliases: readonly string[];
  /** Whatever it throws reaches the caller as the cause of an EncodeError. */
  compress(body: Buffer): Buffer;
  /**
   * The body comes from a stranger: stop and throw as soon as the result passes `maxBytes`, when the data ends early, and
   * when more bytes follow it. Whatever it throws reaches the caller as, or as the cause of, a DecodeError, which names the
   * limit if the error has Node's code `ERR_BUFFER_TOO_LARGE`.
   */
  decompress(body: Buffer, maxBytes: number): Buffer;
}

/** A compressed body and the value of its `compression` header. */
export interface CompressedBody {
  readonly body: Buffer;
  readonly contentType: string;
}
