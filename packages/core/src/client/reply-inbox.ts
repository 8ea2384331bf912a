import { TimeoutError } from '../errors.ts';
import type { WaitOptions } from '../reliability/deadline.ts';
import { Consumer } from './consumer.ts';
import type { Place } from './host.ts';
import type { Message } from './message.ts';
import type { Queue } from './queue.ts';

export interface ReplyInboxOptions {
  /** A queue of one's own. */
  readonly queue: Queue;
  /** What tells for whom a reply is. Undefined: for nobody. */
  readonly ticketOf: (message: Message) => unknown;
  /** As the option of a consumer. */
  readonly accept?: Iterable<string> | undefined;
}

/** Hears each reply for one ticket. Its body is not decoded yet, so reading it may throw. */
export type ReplyListener = (message: Message) => void;

const defaultTimeout = 30_000;
const checkEveryMs = 20;

/** A queue for replies, shared by all who wait for one: each reply goes to the listener of its ticket. */
export class ReplyInbox implements AsyncDisposable {
  readonly queue: Queue;
  readonly #place: Place;
  readonly #consumer: Consumer;
  readonly #listeners = new Map<string, ReplyListener>();

  constructor(place: Place, { queue, ticketOf, accept }: ReplyInboxOptions) {
    this.queue = queue;
    this.#place = place;
    this.#consumer = new Consumer(place, {
      queues: queue,
      // A reply that is lost with its reader was for nobody else.
      noAck: true,
      accept,
      onMessage: (message) => this.#deliver(ticketOf(message), message),
    });
  }

  /** Resolves when replies can come: after a reconnect, when the broker knows of the consumer again. */
  async open({ timeout = defaultTimeout, signal }: WaitOptions = {}): Promise<void> {
    const { clock } = this.#place.internals;
    const until = clock.now() + timeout;
    await this.#consumer.consume({ timeout, signal });
    while (!this.#isConsuming) {
      const left = until - clock.now();
      if (left <= 0) throw new TimeoutError(`No reply can come: '${this.queue.name}' is not consumed again yet`);
      signal?.throwIfAborted();
      await new Promise<void>((resolve) => void clock.setTimeout(resolve, Math.min(left, checkEveryMs)));
    }
  }

  /** Listens until `forget`. */
  listen(ticket: string, listener: ReplyListener): void {
    this.#listeners.set(ticket, listener);
  }

  forget(ticket: string): void {
    this.#listeners.delete(ticket);
  }

  async close(): Promise<void> {
    this.#listeners.clear();
    await this.#consumer.close({ timeout: 0 });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  get #isConsuming(): boolean {
    return this.#consumer.health().every(({ phase }) => phase === 'consuming');
  }

  #deliver(ticket: unknown, message: Message): void {
    const listener = typeof ticket === 'string' ? this.#listeners.get(ticket) : undefined;
    if (listener) return listener(message);
    this.#place.internals.logger.debug('A reply came for which nobody waits, or nobody any more', {
      queue: this.queue.name,
      ticket,
    });
  }
}
