import type { ErrorCode } from '../errors.ts';

/** A broker that refuses a declaration or a consumer for one of these will refuse it again. Everything else may pass. */
export const finalRefusals: ReadonlySet<ErrorCode> = new Set([
  'PRECONDITION_FAILED',
  'ACCESS_REFUSED',
  'UNSUPPORTED',
  'INVALID_ARGUMENT',
]);
