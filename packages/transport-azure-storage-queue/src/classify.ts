import { KombuError, classifySystemError, type ErrorCode } from '@kombu/core/spi';
import { ServiceError } from './service-error.ts';

/** The service's own codes, https://learn.microsoft.com/rest/api/storageservices/common-rest-api-error-codes and its sisters. */
const codes: ReadonlyMap<string | undefined, ErrorCode> = new Map<string | undefined, ErrorCode>([
  ['QueueNotFound', 'NOT_FOUND'],
  ['MessageNotFound', 'NOT_FOUND'],
  ['ResourceNotFound', 'NOT_FOUND'],
  // For some 40 seconds after a queue was deleted, nobody can make it anew.
  ['QueueBeingDeleted', 'RESOURCE_LOCKED'],
  ['QueueAlreadyExists', 'PRECONDITION_FAILED'],
  ['PopReceiptMismatch', 'PRECONDITION_FAILED'],
  ['QueueDisabled', 'ACCESS_REFUSED'],
  ['AccountIsDisabled', 'ACCESS_REFUSED'],
  ['InvalidAuthenticationInfo', 'ACCESS_REFUSED'],
  ['RequestBodyTooLarge', 'LIMIT_EXCEEDED'],
  ['MessageTooLarge', 'LIMIT_EXCEEDED'],
  ['InvalidResourceName', 'INVALID_ARGUMENT'],
  ['OutOfRangeInput', 'INVALID_ARGUMENT'],
  ['OutOfRangeQueryParameterValue', 'INVALID_ARGUMENT'],
  ['InvalidQueryParameterValue', 'INVALID_ARGUMENT'],
  ['InvalidXmlDocument', 'INVALID_ARGUMENT'],
  ['InvalidXmlNodeValue', 'INVALID_ARGUMENT'],
  // The answer broke off, or was none of HTTP.
  ['REQUEST_SEND_ERROR', 'CONNECTION_LOST'],
  ['PARSE_ERROR', 'CONNECTION_LOST'],
]);

/** What an error of the service, its client library or the network means. */
export function classify(error: unknown): ErrorCode {
  if (error instanceof KombuError) return error.code;
  const { code, name } = (error ?? {}) as { readonly code?: unknown; readonly name?: unknown };
  const known = typeof code === 'string' ? codes.get(code) : undefined;
  if (known !== undefined) return known;
  const ofStatus = error instanceof ServiceError ? meaningOf(error.statusCode) : undefined;
  if (ofStatus !== undefined) return ofStatus;
  if (isTls(code)) return 'CONNECTION_FAILED';
  // Of a provider of tokens.
  if (name === 'AuthenticationError' || name === 'CredentialUnavailableError') return 'ACCESS_REFUSED';
  return classifySystemError(error) ?? 'INTERNAL';
}

function meaningOf(status: number | undefined): ErrorCode | undefined {
  if (status === 401 || status === 403) return 'ACCESS_REFUSED';
  if (status === 413) return 'LIMIT_EXCEEDED';
  // Too much at a time: the request was not carried out.
  if (status === 429 || status === 503) return 'BLOCKED';
  // Whether it was carried out is anybody's guess.
  if (status !== undefined && status >= 500) return 'TIMEOUT';
  return undefined;
}

/** A certificate that is not trusted, or a peer that does not speak TLS. */
function isTls(code: unknown): boolean {
  return (
    typeof code === 'string' && /^(ERR_TLS|ERR_SSL|CERT_|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO|EPROTO|HOSTNAME_)/.test(code)
  );
}
