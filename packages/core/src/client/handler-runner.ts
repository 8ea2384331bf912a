import type { ConsumerOptions, Handler } from './consumer-options.ts';
import type { FailurePolicy } from './failure-policy.ts';
import type { Message } from './message.ts';

const undecodable = Symbol('undecodable');

/** Runs the handlers of a consumer on one message after the other, or several at a time, and sees to what they leave undone. */
export class HandlerRunner<T> {
  readonly #options: ConsumerOptions<T>;
  readonly #policy: FailurePolicy;
  readonly #handlers: Handler<T>[];
  readonly #done: (succeeded: boolean) => void;

  /** @param done - Called when the handlers are done with a message, once for each `run`. */
  constructor(options: ConsumerOptions<T>, policy: FailurePolicy, done: (succeeded: boolean) => void) {
    this.#options = options;
    this.#policy = policy;
    this.#handlers = [...(options.handler ? [options.handler] : []), ...(options.callbacks ?? [])];
    this.#done = done;
  }

  /** Is there anybody to run? */
  get hasHandlers(): boolean {
    return this.#handlers.length > 0 || this.#options.onMessage !== undefined;
  }

  add(handler: Handler<T>): void {
    this.#handlers.push(handler);
  }

  run(message: Message, noAck: boolean): void {
    let result: unknown;
    try {
      result = this.#handle(message as Message<T>);
    } catch (error) {
      return this.#failed(error, message, noAck);
    }
    if (result === undecodable) this.#done(false);
    else if (isThenable(result)) {
      result.then(
        () => this.#succeeded(message),
        (error: unknown) => this.#failed(error, message, noAck),
      );
    } else this.#succeeded(message);
  }

  /** Calls the handlers; answers `undecodable` when the body cannot be decoded and they shall not have it raw. */
  #handle(message: Message<T>): unknown {
    if (this.#options.onMessage) return this.#options.onMessage(message);
    let body: T;
    try {
      body = message.payload;
    } catch (error) {
      if (this.#policy.undecodable(asError(error), message)) return undecodable;
      body = message.body as T;
    }
    const [only] = this.#handlers;
    return this.#handlers.length === 1 && only ? only(body, message) : this.#callAll(body, message);
  }

  async #callAll(body: T, message: Message<T>): Promise<void> {
    for (const handler of this.#handlers) await handler(body, message);
  }

  #succeeded(message: Message): void {
    if (this.#options.ack === 'auto') this.#settle(message);
    this.#done(true);
  }

  #settle(message: Message): void {
    this.#policy.handlerSucceeded(message);
    if (message.acknowledged) return;
    message
      .ack()
      .then(undefined, (error: unknown) =>
        this.#policy.report(asError(error), message, 'A message could not be acked'),
      );
  }

  #failed(error: unknown, message: Message, noAck: boolean): void {
    this.#policy.handlerFailed(asError(error), message, noAck);
    this.#done(false);
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as PromiseLike<unknown>).then === 'function';
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error), { cause: error });
}
