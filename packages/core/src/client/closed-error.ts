import { ConnectionError } from '../errors.ts';

/** What operations on something reject with that its owner closed. */
export function closedError(message = 'The connection is closed'): ConnectionError {
  return new ConnectionError(message, { code: 'CLOSED' });
}
