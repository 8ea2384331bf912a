/** For those who reject with what a library threw. */
export function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error('A client failed', { cause: error });
}
