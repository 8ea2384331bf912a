import type { ErrorCode } from './errors.ts';

/** As `man 3 errno` and `man 3 getaddrinfo` define them. */
const meanings: ReadonlyMap<unknown, ErrorCode> = new Map<unknown, ErrorCode>([
  ['EACCES', 'ACCESS_REFUSED'],
  ['EPERM', 'ACCESS_REFUSED'],
  ['EROFS', 'ACCESS_REFUSED'],
  ['ENOSPC', 'BLOCKED'],
  ['EDQUOT', 'BLOCKED'],
  // Nobody listens, or the way there does not exist. Of a file: the folder or the socket is not there.
  ['ECONNREFUSED', 'CONNECTION_FAILED'],
  ['EHOSTUNREACH', 'CONNECTION_FAILED'],
  ['ENETUNREACH', 'CONNECTION_FAILED'],
  ['EADDRNOTAVAIL', 'CONNECTION_FAILED'],
  ['ENOTFOUND', 'CONNECTION_FAILED'],
  ['EAI_AGAIN', 'CONNECTION_FAILED'],
  ['EAI_FAIL', 'CONNECTION_FAILED'],
  ['ENOENT', 'CONNECTION_FAILED'],
  ['ENOTDIR', 'CONNECTION_FAILED'],
  ['ECONNRESET', 'CONNECTION_LOST'],
  ['ECONNABORTED', 'CONNECTION_LOST'],
  ['EPIPE', 'CONNECTION_LOST'],
  ['ETIMEDOUT', 'CONNECTION_LOST'],
  ['EHOSTDOWN', 'CONNECTION_LOST'],
  ['ENETDOWN', 'CONNECTION_LOST'],
  ['ENETRESET', 'CONNECTION_LOST'],
  ['EIO', 'CONNECTION_LOST'],
  ['ESTALE', 'CONNECTION_LOST'],
  ['ENAMETOOLONG', 'INVALID_ARGUMENT'],
]);

/**
 * What an error of Node's sockets, DNS or file system means; undefined for every other error. For the `classify` of a
 * transport, after what its client library knows better. Goes by the `code`, for errors may come from another realm.
 */
export function classifySystemError(error: unknown): ErrorCode | undefined {
  return meanings.get((error as { readonly code?: unknown } | null | undefined)?.code);
}
