/** The answers of a server that are looked at. */
export const codes = { connectionLoss: -4, noNode: -101, nodeExists: -110, notEmpty: -111 } as const;

/** The server refused a transaction: nothing of it was done. */
export class TransactionError extends Error {
  override readonly name = 'TransactionError';
  readonly code: number;
  /** Which of its steps could not be done. */
  readonly step: number;

  constructor(cause: { readonly code: number; readonly message: string }, step: number) {
    super(`Step ${step + 1} of a transaction: ${cause.message}`, { cause });
    this.code = cause.code;
    this.step = step;
  }
}

/** The library does not know what the server answered, and would throw. */
export class UnknownAnswerError extends Error {
  override readonly name = 'UnknownAnswerError';
  readonly code: number;

  constructor(cause: unknown) {
    const message = cause instanceof Error ? cause.message : String(cause);
    super(`ZooKeeper gave an answer that node-zookeeper-client does not know: ${message}`, { cause });
    this.code = Number(/-\d+/.exec(message)?.[0] ?? -1);
  }

  /** As the library's own errors. */
  getCode(): number {
    return this.code;
  }
}

/** Handles a rejection: answers to this code of the server, and throws all other errors on. */
export function on<T>(code: number, answer: T): (error: unknown) => T {
  return (error) => {
    if (hasCode(error, code)) return answer;
    throw error;
  };
}

export function hasCode(error: unknown, code: number): boolean {
  return (error as { readonly code?: unknown } | undefined)?.code === code;
}
