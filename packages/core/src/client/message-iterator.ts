import type { Message } from './message.ts';

/** What an iterator needs of its consumer. */
export interface MessageSource {
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Hand over what waits, if anything does. */
  pull(): void;
  /** Whoever iterates lets go of the last message: he is done with it, or gives up. */
  resumed(isDone: boolean): void;
  /** Ack a message when the next one is asked for. */
  readonly autoAck: boolean;
  /** The messages go to a loop, which comes back when it is done with one. */
  readonly isLoop: boolean;
}

type Result<T> = IteratorResult<Message<T>, undefined>;

interface Waiter<T> {
  resolve(result: Result<T>): void;
  reject(error: Error): void;
}

/** The messages of a consumer, one at a time. It holds none itself: what nobody asked for stays with the consumer. */
export class MessageIterator<T> implements AsyncIterator<Message<T>, undefined> {
  readonly #source: MessageSource;
  readonly #waiters: Waiter<T>[] = [];
  #started: Promise<void> | undefined;
  #last: Message<T> | undefined;
  #ended = false;
  #error: Error | undefined;

  constructor(source: MessageSource) {
    this.#source = source;
  }

  /** Does anybody wait for a message? */
  get wants(): boolean {
    return this.#waiters.length > 0;
  }

  /** Has a loop a message in its hands that it has not settled? */
  get atWork(): boolean {
    return this.#source.isLoop && this.#last?.acknowledged === false;
  }

  async next(): Promise<Result<T>> {
    this.#started ??= this.#start();
    await this.#started;
    if (this.#source.autoAck && this.#last && !this.#last.acknowledged) await this.#last.ack();
    this.#letGo(true);
    if (this.#error) throw this.#error;
    if (this.#ended) return { done: true, value: undefined };
    return new Promise<Result<T>>((resolve, reject) => {
      this.#waiters.push({ resolve, reject });
      this.#source.pull();
    });
  }

  async #start(): Promise<void> {
    try {
      await this.#source.start();
    } catch (error) {
      // The next call tries again.
      this.#started = undefined;
      throw error;
    }
  }

  async return(): Promise<Result<T>> {
    this.#letGo(false);
    this.end();
    await this.#source.stop();
    return { done: true, value: undefined };
  }

  give(message: Message<T>): void {
    this.#last = message;
    this.#waiters.shift()?.resolve({ done: false, value: message });
  }

  end(): void {
    this.#ended = true;
    for (const waiter of this.#waiters.splice(0)) waiter.resolve({ done: true, value: undefined });
  }

  fail(error: Error): void {
    this.#error = error;
    for (const waiter of this.#waiters.splice(0)) waiter.reject(error);
  }

  #letGo(isDone: boolean): void {
    if (!this.#last) return;
    this.#last = undefined;
    this.#source.resumed(isDone);
  }
}
