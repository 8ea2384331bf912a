import type { Clock } from '@kombu/core/spi';
import { ConnectionError, DeadlineTimer } from '@kombu/core/spi';
import { withoutRequest } from './service-error.ts';

/** All requests of one link: each has a deadline, and none outlives the link. */
export class Requests {
  readonly #clock: Clock;
  readonly #timeout: number;
  readonly #deadlines: DeadlineTimer;
  #over: ConnectionError | undefined;

  /** @param timeout - How long a request may take, in milliseconds. */
  constructor(clock: Clock, timeout: number) {
    this.#clock = clock;
    this.#timeout = timeout;
    this.#deadlines = new DeadlineTimer(clock);
  }

  /** @throws ConnectionError when the link is closed. */
  assertOpen(): void {
    if (this.#over) throw this.#over;
  }

  /** Rejects with an error that holds no secret, at the latest at the deadline or when the link is closed. */
  run<T>(send: (options: { readonly abortSignal: AbortSignal }) => Promise<T>): Promise<T> {
    if (this.#over) return Promise.reject(this.#over);
    return new Promise<T>((resolve, reject) => {
      const controller = new AbortController();
      const deadline = {
        at: this.#clock.now() + this.#timeout,
        expire: (reason: Error = this.#lateError()): void => {
          reject(reason);
          controller.abort();
        },
      };
      this.#deadlines.add(deadline);
      send({ abortSignal: controller.signal }).then(
        (answer) => {
          this.#deadlines.remove(deadline);
          resolve(answer);
        },
        (error: unknown) => {
          this.#deadlines.remove(deadline);
          reject(withoutRequest(error));
        },
      );
    });
  }

  /** What is under way is aborted and rejects, as all that comes later does. */
  close(): void {
    this.#over ??= new ConnectionError('The connection to Azure Storage was closed', { code: 'CLOSED' });
    this.#deadlines.close(this.#over);
  }

  #lateError(): ConnectionError {
    return new ConnectionError(
      `Azure Storage did not answer within ${this.#timeout} ms: the network may be down, or requestTimeout too short for it`,
    );
  }
}
