/** What a body from a broker may cost before it is refused. Every limit is a plain number; a larger one is a decision of the application. */
export interface CodecLimits {
  /** The largest body that is decoded, in bytes (for JSON text: characters). */
  readonly maxBodyBytes: number;
  /** The largest result of a decompression, in bytes. */
  readonly maxDecompressedBytes: number;
  /** How deep arrays and objects of a body may nest; a number or a string alone has depth 0. */
  readonly maxDepth: number;
}

const MiB = 1024 * 1024;

/**
 * The limits that hold where nobody gives others: 32 MiB, 32 MiB and 1 000 levels.
 *
 * 32 MiB is twice what RabbitMQ 4 lets through, and the largest power of two whose worst case a small process survives:
 * JSON such as `[{},{},…]` takes 35 times its size as objects, so 32 MiB of it need 1.1 GB and five seconds, 128 MiB
 * need 4.5 GB and a minute. A compressed body must not be able to do more than a plain one, hence the same limit for
 * both. 1 000 is where Python's own JSON reader gives up.
 */
export const defaultLimits: CodecLimits = {
  maxBodyBytes: 32 * MiB,
  maxDecompressedBytes: 32 * MiB,
  maxDepth: 1000,
};
