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

  /** Resolves when replies can come. */
  async open(wait: WaitOptions = {}): Promise<void> {
    await this.#consumer.consume(wait);
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

  #deliver(ticket: unknown, message: Message): void {
    const listener = typeof ticket === 'string' ? this.#listeners.get(ticket) : undefined;
    if (listener) return listener(message);
    this.#place.internals.logger.debug('A reply came for which nobody waits, or nobody any more', {
      queue: this.queue.name,
      ticket,
    });
  }
}
