/** What the service answered, without the request, whose URL and headers hold secrets. */
export class ServiceError extends Error {
  override readonly name = 'ServiceError';
  /** As in Microsoft's list, such as `QueueNotFound`, or a code of Node's or of the client library. */
  readonly code: string | undefined;
  /** Undefined when there was no answer. */
  readonly statusCode: number | undefined;

  constructor(message: string, code: string | undefined, statusCode: number | undefined) {
    super(message);
    this.code = code;
    this.statusCode = statusCode;
  }
}

/** The part of the client library's errors that is read here. */
interface RestError extends Error {
  readonly code?: unknown;
  readonly statusCode?: unknown;
  readonly details?: { readonly errorCode?: unknown };
}

/** An error of the client library as one that may be logged and kept. Other errors stay as they are. */
export function withoutRequest(error: unknown): unknown {
  if (!(error instanceof Error) || error.name !== 'RestError') return error;
  const { message, code, statusCode, details } = error as RestError;
  const known = [details?.errorCode, code].find((each) => typeof each === 'string');
  // Lines with the id and the time of the request follow.
  const [first = ''] = message.split('\n', 1);
  return new ServiceError(
    first,
    typeof known === 'string' ? known : undefined,
    typeof statusCode === 'number' ? statusCode : undefined,
  );
}

/** The queue is not there. */
export function isQueueMissing(error: unknown): boolean {
  return error instanceof ServiceError && error.code === 'QueueNotFound';
}

const lost: ReadonlySet<string | undefined> = new Set(['MessageNotFound', 'PopReceiptMismatch', 'QueueNotFound']);

/** The message is no longer ours: another has it, it expired, or it is gone. */
export function isLeaseLost(error: unknown): boolean {
  return error instanceof ServiceError && lost.has(error.code);
}
