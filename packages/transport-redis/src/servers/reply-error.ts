/** The message of whatever was thrown; nothing when it is no error. Errors may come from another realm. */
export function messageOf(error: unknown): string {
  const message = (error as { readonly message?: unknown } | null | undefined)?.message;
  return typeof message === 'string' ? message : '';
}

/** Did the server answer with an error? */
export function isReplyError(error: unknown): boolean {
  return (error as { readonly name?: unknown } | null | undefined)?.name === 'ReplyError';
}

/** Errors of ioredis carry the command that failed: a password, or all payloads of a batch. */
export function withoutArguments<T>(error: T): T {
  if (typeof error === 'object' && error !== null && 'command' in error) delete error.command;
  return error;
}
