import { KombuError, classifySystemError, type ErrorCode } from '@kombu/core/spi';
import { isReplyError, messageOf, wordOf } from './servers/reply-error.ts';

/**
 * What the first word of an error reply means. What was refused without being done is CONNECTION_FAILED rather than
 * CONNECTION_LOST: a message is certainly not in its queue.
 */
const replies: ReadonlyMap<string, ErrorCode> = new Map<string, ErrorCode>([
  ['NOAUTH', 'ACCESS_REFUSED'],
  ['WRONGPASS', 'ACCESS_REFUSED'],
  ['NOPERM', 'ACCESS_REFUSED'],
  ['DENIED', 'ACCESS_REFUSED'],
  // This server is not, or no longer, the one to write to: a new connection finds the right one.
  ['READONLY', 'CONNECTION_FAILED'],
  ['LOADING', 'CONNECTION_FAILED'],
  ['MASTERDOWN', 'CONNECTION_FAILED'],
  ['CLUSTERDOWN', 'CONNECTION_FAILED'],
  ['MOVED', 'CONNECTION_FAILED'],
  ['ASK', 'CONNECTION_FAILED'],
  ['UNBLOCKED', 'CONNECTION_LOST'],
  // It takes no writes for now, or nothing at all.
  ['OOM', 'BLOCKED'],
  ['MISCONF', 'BLOCKED'],
  ['NOREPLICAS', 'BLOCKED'],
  ['BUSY', 'BLOCKED'],
  ['TRYAGAIN', 'BLOCKED'],
  ['EXECABORT', 'CHANNEL_ERROR'],
  // Somebody uses the key for something else.
  ['WRONGTYPE', 'PRECONDITION_FAILED'],
]);

/** Replies that begin with `ERR`, by what they say. */
const texts: readonly (readonly [RegExp, ErrorCode])[] = [
  [/max number of clients|max clients/i, 'CONNECTION_FAILED'],
  [/invalid password|without any password|AUTH/, 'ACCESS_REFUSED'],
  [/DB index is out of range/, 'NOT_FOUND'],
  [/unknown (command|subcommand)|not supported|not allowed/i, 'UNSUPPORTED'],
];

/** What ioredis itself says of a socket. */
const sockets: readonly (readonly [RegExp, ErrorCode])[] = [
  [/^Connection is closed/, 'CONNECTION_LOST'],
  [/^Stream isn't writeable/, 'CONNECTION_FAILED'],
  [/^connect ETIMEDOUT/, 'CONNECTION_FAILED'],
];

/** What an error of Redis, ioredis or the network means. */
export function classify(error: unknown): ErrorCode {
  if (error instanceof KombuError) return error.code;
  const message = messageOf(error);
  if (isReplyError(error)) return replies.get(wordOf(error)) ?? ofText(message);
  const known = sockets.find(([text]) => text.test(message))?.[1];
  return known ?? (isTls(error) ? 'CONNECTION_FAILED' : (classifySystemError(error) ?? 'INTERNAL'));
}

function ofText(message: string): ErrorCode {
  return texts.find(([text]) => text.test(message))?.[1] ?? 'INTERNAL';
}

/** A certificate that is not trusted, or a peer that does not speak TLS. */
function isTls(error: unknown): boolean {
  const { code } = (error ?? {}) as { readonly code?: unknown };
  return (
    typeof code === 'string' && /^(ERR_TLS|ERR_SSL|CERT_|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO|EPROTO|HOSTNAME_)/.test(code)
  );
}
