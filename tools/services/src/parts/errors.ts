/** A server cannot be had on this machine. The message says why, and what to do. */
export class ServiceUnavailableError extends Error {
  override readonly name = 'ServiceUnavailableError';
}

/** A server was given by its URL in the environment: it is used as it is, and never started, stopped or paused. */
export class NotOwnedError extends Error {
  override readonly name = 'NotOwnedError';
}

export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
