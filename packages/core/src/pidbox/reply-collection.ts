import type { Message } from '../client/message.ts';
import type { Clock, ClockTimer } from '../clock.ts';
import { abortedError } from '../errors.ts';
import type { LamportClock } from './lamport-clock.ts';
import { clockOf, type Reply } from './wire.ts';

interface CollectionOptions {
  readonly timeout: number;
  readonly limit: number;
  readonly onReply?: ((reply: Reply) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The replies to one call: complete at the limit, or when the time is up. */
export class ReplyCollection {
  readonly #clock: Clock;
  readonly #options: CollectionOptions;
  readonly #replies: Reply[] = [];
  readonly #complete: Promise<Reply[]>;
  readonly #abort: () => void;
  readonly #timer: ClockTimer;
  #resolve!: (replies: Reply[]) => void;
  #reject!: (error: unknown) => void;

  constructor(clock: Clock, options: CollectionOptions) {
    this.#clock = clock;
    this.#options = options;
    this.#complete = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // Whoever fails to send the command never asks.
    this.#complete.catch(() => {});
    this.#timer = clock.setTimeout(() => this.#resolve(this.#replies), options.timeout);
    const { signal } = options;
    this.#abort = () => this.#reject(abortedError(signal as AbortSignal, 'Waiting for replies'));
    if (signal?.aborted) this.#abort();
    signal?.addEventListener('abort', this.#abort);
    if (options.limit === 0) this.#resolve(this.#replies);
  }

  complete(): Promise<Reply[]> {
    return this.#complete;
  }

  /** A reply that cannot be decoded ends the call with its error. */
  add(message: Message, clock: LamportClock): void {
    clock.adjust(clockOf(message));
    const { expires } = message.headers;
    if (typeof expires === 'number' && expires > 0 && expires * 1000 < this.#clock.now()) return;
    try {
      const reply = message.payload as Reply;
      this.#replies.push(reply);
      this.#options.onReply?.(reply);
      if (this.#replies.length >= this.#options.limit) this.#resolve(this.#replies);
    } catch (error) {
      this.#reject(error);
    }
  }

  close(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#options.signal?.removeEventListener('abort', this.#abort);
    this.#resolve(this.#replies);
  }
}
