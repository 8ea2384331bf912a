import type { ErrorCode } from '@kombu/core/spi';
import { KombuError, classifySystemError } from '@kombu/core/spi';

const meanings: readonly (readonly [RegExp, ErrorCode])[] = [
  [/^(QueueDoesNotExist|NonExistentQueue)/, 'NOT_FOUND'],
  [/^(AccessDenied|KmsAccessDenied|InvalidClientTokenId|InvalidAccessKeyId|SignatureDoesNotMatch)/, 'ACCESS_REFUSED'],
  [/^(ExpiredToken|UnrecognizedClient|MissingAuthenticationToken|InvalidSecurity|OptInRequired)/, 'ACCESS_REFUSED'],
  [/^(CredentialsProviderError|TokenProviderError|AuthFailure|IncompleteSignature|InvalidSignature)/, 'ACCESS_REFUSED'],
  // Nothing was done, and soon it may be.
  [/Throttl|^(OverLimit|TooManyRequests|SlowDown|BandwidthLimitExceeded|RequestLimitExceeded)/, 'BLOCKED'],
  [/^(QueueNameExists|QueueAlreadyExists)/, 'PRECONDITION_FAILED'],
  // SQS keeps the name for a minute.
  [/^(QueueDeletedRecently|PurgeQueueInProgress)/, 'RESOURCE_LOCKED'],
  [/^(BatchRequestTooLong|MessageTooLong)/, 'LIMIT_EXCEEDED'],
  [/^(UnsupportedOperation|InvalidAction)/, 'UNSUPPORTED'],
  [
    /^(Invalid|Missing|Malformed|EmptyBatchRequest|TooManyEntries|BatchEntryIds|SerializationException)/,
    'INVALID_ARGUMENT',
  ],
  [/^(ReceiptHandleIsInvalid|MessageNotInflight|Kms)/, 'CHANNEL_ERROR'],
  // It may have been done.
  [/^(InternalFailure|InternalError|InternalServerError|ServiceUnavailable|RequestTimeout)/, 'TIMEOUT'],
  [/^AbortError$/, 'ABORTED'],
];

/** What an error of SQS, of its client or of the network means. */
export function classify(error: unknown): ErrorCode {
  if (error instanceof KombuError) return error.code;
  const name = nameOf(error);
  if (name === 'TimeoutError') return isConnecting(error) ? 'CONNECTION_FAILED' : 'CONNECTION_LOST';
  if (isTooLong(error)) return 'LIMIT_EXCEEDED';
  const known = meanings.find(([pattern]) => pattern.test(name))?.[1];
  return known ?? ofNetwork(error) ?? (isServerFault(error) ? 'TIMEOUT' : 'INTERNAL');
}

/** Codes that say the same in both protocols of SQS. */
function nameOf(error: unknown): string {
  const { name } = (error ?? {}) as { readonly name?: unknown };
  return typeof name === 'string' ? name.replace(/^AWS\.SimpleQueueService\./, '') : '';
}

/** One of the many things that an invalid parameter may be. */
function isTooLong(error: unknown): boolean {
  return error instanceof Error && /MessageTooLong|must be shorter than/.test(error.message);
}

function isConnecting(error: unknown): boolean {
  return error instanceof Error && /connect/i.test(error.message);
}

/** Node tries all addresses of a host, and gathers what became of that. */
function ofNetwork(error: unknown): ErrorCode | undefined {
  const { errors, code } = (error ?? {}) as { readonly errors?: unknown; readonly code?: unknown };
  const [first] = Array.isArray(errors) ? (errors as readonly unknown[]) : [];
  if (typeof code === 'string' && /^(ERR_TLS|ERR_SSL|CERT_|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO|EPROTO)/.test(code)) {
    return 'CONNECTION_FAILED';
  }
  return classifySystemError(error) ?? classifySystemError(first);
}

function isServerFault(error: unknown): boolean {
  const { $metadata } = (error ?? {}) as { readonly $metadata?: { readonly httpStatusCode?: number } };
  return ($metadata?.httpStatusCode ?? 0) >= 500;
}
