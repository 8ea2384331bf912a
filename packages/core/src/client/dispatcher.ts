import type { KombuError } from '../errors.ts';
import { MessageStateError } from '../errors.ts';
import type { Handler } from './consumer-options.ts';
import type { FailurePolicy } from './failure-policy.ts';
import { Fifo } from './fifo.ts';
import type { HandlerRunner } from './handler-runner.ts';
import type { Host } from './host.ts';
import type { Message } from './message.ts';
import type { MessageIterator } from './message-iterator.ts';
import type { FeedOwner, QueueFeed } from './queue-feed.ts';

/** A message for which nobody has time yet. */
interface Waiting {
  readonly message: Message;
  readonly feed: QueueFeed;
}

/** What a dispatcher needs of its consumer. */
export interface DispatcherParts<T> {
  readonly host: Host;
  readonly policy: FailurePolicy;
  /** Makes what runs the handlers; it calls `done` once for each message. */
  runner(done: (succeeded: boolean) => void): HandlerRunner<T>;
  /** No handler runs any more, or a queue that was stopped has nothing unsettled left. */
  idle(): void;
}

/**
 * Leads the messages of a consumer to its handlers, as many at a time as it may, or to its iterators, as they ask. What nobody
 * can take yet waits here.
 */
export class Dispatcher<T> implements FeedOwner {
  concurrency: number;
  readonly #parts: DispatcherParts<T>;
  readonly #runner: HandlerRunner<T>;
  readonly #iterators = new Set<MessageIterator<T>>();
  readonly #waiting = new Fifo<Waiting>();
  #active = 0;
  #completed = 0;
  #isPaused = false;
  #whenIdle: (() => void)[] = [];

  constructor(concurrency: number, parts: DispatcherParts<T>) {
    this.concurrency = concurrency;
    this.#parts = parts;
    this.#runner = parts.runner((succeeded) => this.#done(succeeded));
  }

  /** Handlers running now. */
  get active(): number {
    return this.#active;
  }

  /** Handlers running, and loops at work on a message. */
  get atWork(): number {
    let count = this.#active;
    for (const iterator of this.#iterators) if (iterator.atWork) count += 1;
    return count;
  }

  /** Handlers that succeeded, and messages that loops are done with, so far. */
  get completed(): number {
    return this.#completed;
  }

  get hasHandlers(): boolean {
    return this.#runner.hasHandlers;
  }

  addHandler(handler: Handler<T>): void {
    this.#runner.add(handler);
    this.pump();
  }

  addIterator(iterator: MessageIterator<T>): void {
    this.#iterators.add(iterator);
  }

  removeIterator(iterator: MessageIterator<T>): void {
    this.#iterators.delete(iterator);
  }

  /** The iterators get nothing more. */
  endIterators(): void {
    for (const iterator of this.#iterators) iterator.end();
  }

  /** A loop lets go of its message. */
  resumed(isDone: boolean): void {
    if (isDone) this.#completed += 1;
    this.#wakeIfIdle();
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.pump();
  }

  received(message: Message, feed: QueueFeed): void {
    const isFree = this.#waiting.size === 0 && this.#active < this.concurrency && !this.#isPaused;
    if (isFree && this.#runner.hasHandlers) return this.#run(message, feed);
    this.#waiting.push({ message, feed });
    this.pump();
  }

  /** What waited has gone back to the broker; but what needs no ack is nowhere else. */
  lost(feed: QueueFeed): void {
    this.takeBack(feed);
  }

  failed(error: KombuError): void {
    for (const iterator of this.#iterators) iterator.fail(error);
    this.#parts.policy.tell(error, undefined);
  }

  drained(): void {
    this.#wakeIfIdle();
    this.#parts.idle();
  }

  /** Takes out what waits of a feed, or of all; but for what needs no ack, which would be lost. */
  takeBack(feed?: QueueFeed): Message[] {
    const entries = this.#waiting.remove((entry) => !entry.feed.noAck && (!feed || entry.feed === feed));
    return entries.map(({ message }) => message);
  }

  /** Hands out what waits, as far as there is somebody to take it. */
  pump(): void {
    if (this.#isPaused) return;
    if (this.#iterators.size > 0) return this.#feedIterators();
    if (!this.#runner.hasHandlers) return;
    while (this.#active < this.concurrency) {
      const next = this.#next();
      if (!next) return;
      this.#run(next.message, next.feed);
    }
  }

  /** Resolves when no handler runs and no loop is at work. */
  idle(): Promise<void> {
    if (this.atWork === 0) return Promise.resolve();
    return new Promise((resolve) => this.#whenIdle.push(resolve));
  }

  /** The first that waits and is still ours: after a stall of this process leases have run out that nobody could renew. */
  #next(): Waiting | undefined {
    const { clock, logger } = this.#parts.host;
    for (;;) {
      const next = this.#waiting.shift();
      if (!next?.message.isStale(clock.now())) return next;
      const reason = new MessageStateError('The lease of the message ended while it waited for a handler');
      logger.debug(reason.message, { queue: next.feed.queue.name });
      void next.message.giveBack(reason);
    }
  }

  #feedIterators(): void {
    for (const iterator of this.#iterators) {
      while (iterator.wants) {
        const next = this.#next();
        if (!next) return;
        iterator.give(next.message as Message<T>);
        this.#parts.host.handled();
      }
    }
  }

  #run(message: Message, feed: QueueFeed): void {
    this.#active += 1;
    this.#runner.run(message, feed.noAck);
  }

  #done(succeeded: boolean): void {
    this.#active -= 1;
    if (succeeded) this.#completed += 1;
    this.#parts.host.handled();
    if (this.#waiting.size > 0) this.pump();
    if (this.#active > 0) return;
    this.#wakeIfIdle();
    this.#parts.idle();
  }

  #wakeIfIdle(): void {
    if (this.#whenIdle.length === 0 || this.atWork > 0) return;
    for (const resolve of this.#whenIdle.splice(0)) resolve();
  }
}
