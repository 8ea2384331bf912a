/** The message of whatever was thrown; nothing when it is no error. Errors may come from another realm. */
export function messageOf(error: unknown): string {
  const message = (error as { readonly message?: unknown } | null | undefined)?.message;
  return typeof message === 'string' ? message : '';
}

/** Did the server answer with an error? */
export function isReplyError(error: unknown): boolean {
  return (error as { readonly name?: unknown } | null | undefined)?.name === 'ReplyError';
}

/**
 * The word that says what kind of error the server answered with, such as `WRONGTYPE`. Redis 6 puts the place in a script before
 * it, with an `ERR` of its own.
 */
export function wordOf(error: unknown): string {
  const message = messageOf(error);
  const inScript = /^ERR Error running script .*@user_script: ?\d+: -?([A-Z]+) /s.exec(message)?.[1];
  return inScript ?? message.split(' ', 1)[0] ?? '';
}

/** Is a key used for something else, or in the wrong place? Nothing is wrong with the link or the server then. */
export function isMisuse(error: unknown): boolean {
  return isReplyError(error) && ['WRONGTYPE', 'CROSSSLOT'].includes(wordOf(error));
}

/** Errors of ioredis carry the command that failed: a password, or all payloads of a batch. */
export function withoutArguments<T>(error: T): T {
  if (typeof error === 'object' && error !== null && 'command' in error) delete error.command;
  return error;
}
