import type { SQSClient } from '@aws-sdk/client-sqs';
import type { Clock } from '@kombu/core/spi';
import { ConnectionError } from '@kombu/core/spi';

/** The parts of the client of SQS that are called here. */
export type SqsClient = Pick<SQSClient, 'send' | 'destroy'>;

export interface CallsParts {
  /** Tries a call again that may be done twice: one broken socket is not the end of a link without state. */
  readonly client: SqsClient;
  /** Tries once: a second try could be a second message. */
  readonly sender: SqsClient;
  readonly clock: Clock;
  readonly answerWithinMs: number;
}

/** Calls to SQS, each with an end. */
export class Calls {
  readonly #parts: CallsParts;
  readonly #open = new Set<AbortController>();
  #closed = false;

  constructor(parts: CallsParts) {
    this.#parts = parts;
  }

  get client(): SqsClient {
    return this.#parts.client;
  }

  get sender(): SqsClient {
    return this.#parts.sender;
  }

  /**
   * Rejects when there is no answer within the time allowed and `waitMs` more, when `signal` fires and when all is closed.
   *
   * @param doing - what it does, for the error: `ReceiveMessage`.
   */
  async run<T>(doing: string, call: (signal: AbortSignal) => Promise<T>, waitMs = 0, signal?: AbortSignal): Promise<T> {
    if (this.#closed) throw closedError();
    const { clock, answerWithinMs } = this.#parts;
    const stop = new AbortController();
    const timer = clock.setTimeout(() => stop.abort(lateError(doing, answerWithinMs)), answerWithinMs + waitMs);
    const give = (): void => stop.abort(signal?.reason);
    if (signal?.aborted) give();
    signal?.addEventListener('abort', give);
    this.#open.add(stop);
    try {
      return await call(stop.signal);
    } catch (error) {
      throw stop.signal.aborted ? stop.signal.reason : error;
    } finally {
      this.#open.delete(stop);
      clock.clearTimeout(timer);
      signal?.removeEventListener('abort', give);
    }
  }

  /** Ends what is under way. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const stop of this.#open) stop.abort(closedError());
    this.client.destroy();
    this.sender.destroy();
  }
}

/** For calls on what was closed. */
export function closedError(): ConnectionError {
  return new ConnectionError('The connection to SQS was closed', { code: 'CLOSED' });
}

function lateError(doing: string, ms: number): ConnectionError {
  return new ConnectionError(`SQS did not answer ${doing} within ${ms} ms: the way to it is taken for broken`);
}
