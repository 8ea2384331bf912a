import type { ClockTimer } from '../clock.ts';
import { ConnectionError, type KombuError } from '../errors.ts';
import type { StoredMessage } from '../spi/queue-store.ts';
import type { VirtualLink } from './link.ts';
import { breaksLink } from './store-error.ts';

/** For whom a {@link Poller} asks. */
export interface PollerSink {
  /** How many messages may come now; 0: none, until `wake`. */
  credit(): number;
  /** Resolves when what could not be delivered any more is given back. */
  deliver(messages: readonly StoredMessage<unknown>[]): Promise<void> | undefined;
  /** What came too late, or beyond what was asked for. Never rejects. */
  giveBack(messages: readonly StoredMessage<unknown>[]): Promise<void>;
  /** The queue is gone: the loop has ended. */
  queueGone(error: KombuError): void;
}

/** A `get` that is this much later than it had to be is taken for a dead link, in milliseconds. */
const graceMs = 10_000;
/** The first sleep after a `get` that came back early and empty; doubled up to the polling interval. */
const firstRestMs = 10;
/** The first pause after an error, and the longest. */
const firstPauseMs = 100;
const longestPauseMs = 30_000;
/** A loop that always finds something lets timers and sockets have their turn after so many messages. */
const messagesPerTurn = 1000;

/** The one loop that asks for the messages of one consumer. It ends when it is stopped, and is never started again. */
export class Poller {
  readonly #link: VirtualLink;
  readonly #queue: string;
  readonly #noAck: boolean;
  readonly #sink: PollerSink;
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;
  #unwatch: (() => void) | undefined;
  #resume: (() => void) | undefined;
  #timer: ClockTimer | undefined;
  #woken = false;
  #restMs = firstRestMs;
  #pauseMs = firstPauseMs;
  #sinceTurn = 0;
  #lastReadAt: number;

  constructor(link: VirtualLink, queue: string, noAck: boolean, sink: PollerSink) {
    this.#link = link;
    this.#queue = queue;
    this.#noAck = noAck;
    this.#sink = sink;
    this.#lastReadAt = link.clock.now();
    this.#unwatch = this.#watch();
    this.#done = this.#run();
  }

  get stopped(): boolean {
    return this.#stop.signal.aborted;
  }

  /** When a read last came back; now, as long as there is no credit to ask with. */
  get lastReadAt(): number {
    return this.#sink.credit() > 0 ? this.#lastReadAt : this.#link.clock.now();
  }

  /** There is credit again, or maybe a message. */
  wake(): void {
    const resume = this.#resume;
    if (!resume) return;
    this.#resume = undefined;
    if (this.#timer) this.#link.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    resume();
  }

  /** Resolves when the loop has ended and what it still got is given back. */
  stop(): Promise<void> {
    if (!this.stopped) {
      this.#stop.abort();
      this.#unwatch?.();
      this.#unwatch = undefined;
      this.wake();
    }
    return this.#done;
  }

  /** A queue that cannot be watched is polled: systems have a limit of watches. */
  #watch(): (() => void) | undefined {
    const { store, logger } = this.#link;
    try {
      return store.watch?.(this.#queue, () => {
        this.#woken = true;
        this.wake();
      });
    } catch (error) {
      logger.warn(`The queue ${JSON.stringify(this.#queue)} cannot be watched and is polled instead`, { error });
      return undefined;
    }
  }

  async #run(): Promise<void> {
    while (!this.stopped && !this.#link.over) {
      const max = this.#sink.credit();
      if (max > 0) await this.#poll(max).catch((error: unknown) => this.#failed(error));
      else await this.#sleep();
    }
  }

  async #poll(max: number): Promise<void> {
    const { clock, waitMs } = this.#link;
    const asked = clock.now();
    this.#woken = false;
    const messages = await this.#get(max, asked);
    const answered = clock.now();
    this.#lastReadAt = answered;
    this.#pauseMs = firstPauseMs;
    if (this.stopped) return this.#sink.giveBack(messages);
    if (messages.length > 0) return this.#hand(messages, max);
    // A store that waited as it was told is asked again at once.
    if (answered - asked < waitMs / 2) await this.#rest();
  }

  async #get(max: number, asked: number): Promise<readonly StoredMessage<unknown>[]> {
    const { store, waitMs, deadlines } = this.#link;
    const late = { at: asked + waitMs + graceMs, expire: () => this.#link.fail(this.#lateError()) };
    deadlines.add(late);
    try {
      return await store.get(this.#queue, { max, waitMs, noAck: this.#noAck, signal: this.#stop.signal });
    } finally {
      deadlines.remove(late);
    }
  }

  async #hand(messages: readonly StoredMessage<unknown>[], max: number): Promise<void> {
    this.#restMs = firstRestMs;
    if (messages.length > max) {
      this.#link.logger.error(
        `The transport has a fault: asked for ${max} messages of the queue ${JSON.stringify(this.#queue)}, it gave ${messages.length}`,
      );
      await this.#sink.giveBack(messages.slice(max));
    }
    await this.#sink.deliver(messages.length > max ? messages.slice(0, max) : messages);
    this.#sinceTurn += messages.length;
    if (this.#sinceTurn < messagesPerTurn) return;
    this.#sinceTurn = 0;
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** Nothing there, and the store cannot wait: sleep longer each time, and not at all when something was put meanwhile. */
  async #rest(): Promise<void> {
    const { pollingInterval } = this.#link;
    if (this.#woken) return;
    const ms = this.#unwatch ? pollingInterval : Math.min(this.#restMs, pollingInterval);
    this.#restMs = Math.min(2 * this.#restMs, pollingInterval);
    await this.#sleep(ms);
  }

  /** Trouble that may pass: ask again, more slowly each time. A queue that is gone, or a broken link, ends the loop. */
  async #failed(cause: unknown): Promise<void> {
    if (this.stopped) return;
    const error = this.#link.explain(cause, `Reading from the queue ${JSON.stringify(this.#queue)}`);
    if (breaksLink(error)) return;
    if (error.code === 'NOT_FOUND') {
      void this.stop();
      return this.#sink.queueGone(error);
    }
    this.#link.logger.warn(`${error.message}; trying again`, { error });
    const jitter = 0.5 + this.#link.random() / 2;
    await this.#sleep(Math.ceil(this.#pauseMs * jitter));
    this.#pauseMs = Math.min(2 * this.#pauseMs, longestPauseMs);
  }

  /** Until `wake`, or for `ms` milliseconds. */
  #sleep(ms?: number): Promise<void> {
    if (this.stopped) return Promise.resolve();
    return new Promise((resolve) => {
      this.#resume = resolve;
      if (ms !== undefined) this.#timer = this.#link.clock.setTimeout(() => this.wake(), ms);
    });
  }

  #lateError(): ConnectionError {
    return new ConnectionError(
      `A read from the queue ${JSON.stringify(this.#queue)} did not return in time, so the link is taken for dead`,
    );
  }
}
