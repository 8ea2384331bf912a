import type { KombuError } from '../errors.ts';
import { ConnectionError } from '../errors.ts';

/** To whoever used a link or a channel that was dropped under him it broke; transports may say that it was closed. */
export function asLost(error: KombuError): KombuError {
  return error.code === 'CLOSED' ? new ConnectionError(error.message, { cause: error }) : error;
}
