import type { ErrorCode } from '../errors.ts';
import { KombuError, errorOf } from '../errors.ts';
import { redactText } from '../registry/url.ts';
import type { Transport } from '../spi/transport.ts';

/**
 * Turns whatever a transport threw into an error of ours: its class and code say what it means, its cause is the original.
 * An error that the transport does not know counts as `unknown`.
 */
export function wrapError(
  error: unknown,
  transport: Transport | undefined,
  doing: string,
  unknown: ErrorCode,
): KombuError {
  if (error instanceof KombuError) return error;
  const detail = error instanceof Error ? error.message : String(error);
  return errorOf(codeOf(error, transport, unknown), `${doing}: ${redactText(detail)}`, { cause: error });
}

function codeOf(error: unknown, transport: Transport | undefined, unknown: ErrorCode): ErrorCode {
  try {
    const code = transport?.classify(error) ?? 'INTERNAL';
    return code === 'INTERNAL' ? unknown : code;
  } catch {
    // A classifier that fails knows no better than one that answers INTERNAL.
    return unknown;
  }
}
