import { KombuError, classifySystemError, type ErrorCode } from '@kombu/core/spi';

/** By the numbers of ZooKeeper's protocol. */
const meanings: ReadonlyMap<unknown, ErrorCode> = new Map<unknown, ErrorCode>([
  // System error, and the inconsistencies of a server with itself.
  [-1, 'CHANNEL_ERROR'],
  [-2, 'CHANNEL_ERROR'],
  [-3, 'CHANNEL_ERROR'],
  // Connection loss, operation timeout.
  [-4, 'CONNECTION_LOST'],
  [-7, 'CONNECTION_LOST'],
  // Marshalling, bad arguments.
  [-5, 'INVALID_ARGUMENT'],
  [-8, 'INVALID_ARGUMENT'],
  [-6, 'UNSUPPORTED'],
  [-101, 'NOT_FOUND'],
  // No rights, an ACL that is none, credentials that are refused.
  [-102, 'ACCESS_REFUSED'],
  [-114, 'ACCESS_REFUSED'],
  [-115, 'ACCESS_REFUSED'],
  // Another version, an ephemeral parent, a node that exists, one with children.
  [-103, 'PRECONDITION_FAILED'],
  [-108, 'PRECONDITION_FAILED'],
  [-110, 'PRECONDITION_FAILED'],
  [-111, 'PRECONDITION_FAILED'],
  // The session expired, moved, or was closed for want of SASL.
  [-112, 'CONNECTION_LOST'],
  [-118, 'CONNECTION_LOST'],
  [-124, 'ACCESS_REFUSED'],
  // A member without a quorum takes no writes.
  [-119, 'BLOCKED'],
  [-122, 'TIMEOUT'],
  // A quota of the path, a server with too much to do.
  [-125, 'BLOCKED'],
  [-127, 'BLOCKED'],
]);

/** What an error of ZooKeeper, its client library or the network means. */
export function classify(error: unknown): ErrorCode {
  if (error instanceof KombuError) return error.code;
  const known = meanings.get((error as { readonly code?: unknown } | null | undefined)?.code);
  return known ?? classifySystemError(error) ?? 'INTERNAL';
}
