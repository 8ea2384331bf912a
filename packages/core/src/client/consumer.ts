import { InvalidArgumentError, MessageStateError } from '../errors.ts';
import { ClosingTime } from '../reliability/closing-time.ts';
import type { WaitOptions } from '../reliability/deadline.ts';
import { TimeBudget } from '../reliability/time-budget.ts';
import type { Channel } from './channel.ts';
import { checkCount } from './check-count.ts';
import { closedError } from './closed-error.ts';
import type { ConsumerOptions, Handler } from './consumer-options.ts';
import { checkConsumerOptions, queueList } from './consumer-options.ts';
import { defaultOperationTimeout } from './control.ts';
import { Dispatcher } from './dispatcher.ts';
import { FailurePolicy } from './failure-policy.ts';
import { HandlerRunner } from './handler-runner.ts';
import type { CloseReport, ConsumerHealth, Host, HostedConsumer, Place } from './host.ts';
import type { Message } from './message.ts';
import { MessageIterator } from './message-iterator.ts';
import { QueueFeeds } from './queue-feeds.ts';
import type { Queue } from './queue.ts';

const defaultPrefetch = 100;
const defaultCloseTimeout = 30_000;

/**
 * Consumes from one or more queues and hands the messages to handlers, or to an iterator. It outlives broken links: its
 * queues are declared and subscribed again. A handler that throws never stops it.
 */
export class Consumer<T = unknown> implements HostedConsumer, AsyncDisposable, AsyncIterable<Message<T>> {
  readonly #place: Place;
  readonly #channel: Channel;
  readonly #ownsChannel: boolean;
  readonly #options: ConsumerOptions<T>;
  readonly #policy: FailurePolicy;
  /** Where messages come from, and where they go. */
  readonly #feeds: QueueFeeds;
  readonly #dispatcher: Dispatcher<T>;
  #prefetch: number;
  #isLeaving = false;
  #released = 0;
  #closed: Promise<CloseReport> | undefined;

  /**
   * @param place - A channel, or a connection for a channel of the consumer's own, which closes with it.
   */
  constructor(place: Place, options: ConsumerOptions<T> = {}) {
    checkConsumerOptions(options as ConsumerOptions);
    this.#place = place;
    this.#channel = place.internals.channelFor(place) as Channel;
    this.#ownsChannel = (this.#channel as Place) !== place;
    this.#options = options;
    this.#prefetch = options.prefetch ?? defaultPrefetch;
    const policy = new FailurePolicy(place, options as ConsumerOptions);
    this.#policy = policy;
    this.#dispatcher = new Dispatcher(options.concurrency ?? (this.#prefetch || Infinity), {
      host: place.internals,
      policy,
      runner: (done) => new HandlerRunner(options, policy, done),
      idle: () => this.#leave(),
    });
    this.#feeds = new QueueFeeds({
      place,
      channel: this.#channel,
      options: options as ConsumerOptions,
      owner: this.#dispatcher,
      prefetch: () => this.#prefetch,
      stopped: (feed) => this.#giveBack(this.#dispatcher.takeBack(feed)),
    });
    for (const queue of queueList(options.queues)) this.#feeds.add(queue);
  }

  /** For the parts of this library; may change in any release. */
  get internals(): Host {
    return this.#place.internals;
  }

  /** The queues, by name. */
  get queues(): ReadonlyMap<string, Queue<T>> {
    return this.#feeds.queues as Map<string, Queue<T>>;
  }

  /** Handlers running now. */
  get active(): number {
    return this.#dispatcher.active;
  }

  /** Messages received and not settled. */
  get inFlight(): number {
    return this.#feeds.inFlight;
  }

  /** Adds a handler; they are called one after the other. */
  registerCallback(callback: Handler<T>): void {
    this.#dispatcher.addHandler(callback);
  }

  /** Adds a queue; `consume()` starts it. A second queue of the same name replaces nothing and is ignored. */
  addQueue(queue: Queue<T> | string): void {
    for (const each of queueList<T>(queue)) this.#feeds.add(each);
  }

  /** Is this queue, or one of this name, among those consumed? */
  consumingFrom(queue: Queue | string): boolean {
    return this.#feeds.wants(nameOf(queue));
  }

  /**
   * Declares the queues (unless `autoDeclare: false`) and starts what is not started yet, one after the other, within `timeout`
   * milliseconds for all (default 30000). Rejects when a queue cannot be declared or consumed: those before it are started
   * then, those behind it are not. Resolves when it is cancelled meanwhile.
   */
  async consume(wait: WaitOptions = {}): Promise<void> {
    if (this.#closed) throw closedError('The consumer is closed');
    if (this.internals.isClosing) throw closedError();
    this.internals.consumers.add(this);
    this.#isLeaving = false;
    try {
      await this.#feeds.start(wait);
      if (this.#closed) throw closedError('The consumer was closed meanwhile');
    } finally {
      this.#leave(!this.#feeds.anyWanted);
    }
  }

  /** Stops all queues. Messages already handed out can still be settled; those waiting here go back to their queues. */
  async cancel(): Promise<void> {
    this.#dispatcher.endIterators();
    await this.#feeds.stop();
    this.#leave(!this.#feeds.anyWanted);
  }

  /** Stops one queue and forgets it. */
  cancelByQueue(queue: Queue | string): Promise<void> {
    return this.#feeds.remove(nameOf(queue));
  }

  /** Removes the ready messages of all queues, within `timeout` milliseconds for all (default 30000); resolves to their number. */
  async purge(wait: WaitOptions = {}): Promise<number> {
    const budget = new TimeBudget(wait, this.internals.clock, defaultOperationTimeout);
    let count = 0;
    for (const queue of this.queues.values()) count += await queue.purge(this.#place, budget.left);
    return count;
  }

  /** Starts no further handlers; the prefetch bounds what waits meanwhile. */
  pause(): void {
    this.#dispatcher.pause();
  }

  resume(): void {
    this.#dispatcher.resume();
  }

  /** Kombu's spelling of `pause` and `resume`. */
  flow(active: boolean): void {
    if (active) this.resume();
    else this.pause();
  }

  /** Changes the prefetch of all queues, at once and for later reconnects. 0: no limit. */
  async qos({ prefetchCount }: { readonly prefetchCount: number }): Promise<void> {
    checkCount('prefetchCount', prefetchCount, 0);
    this.#prefetch = prefetchCount;
    if (this.#options.concurrency === undefined) this.#dispatcher.concurrency = prefetchCount || Infinity;
    this.#dispatcher.pump();
    await this.#feeds.setPrefetch(prefetchCount);
  }

  /** Gives all unsettled messages back to their queues, also those that handlers have: settling them is too late then. */
  async recover(): Promise<void> {
    this.#dispatcher.takeBack();
    await this.#giveBack(this.#feeds.unsettled);
  }

  /** The state of each queue. */
  health(): readonly ConsumerHealth[] {
    return this.#feeds.health();
  }

  /**
   * Stops the queues, gives back what no handler has, waits for the running handlers, and for loops that are at work on a
   * message, at most `timeout` milliseconds (default 30000), and gives back what is unsettled then. Never rejects for a broken
   * link. Idempotent.
   */
  close(options: WaitOptions = {}): Promise<CloseReport> {
    this.#closed ??= this.#close(options);
    return this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /**
   * Starts consuming and gives the messages one by one; not asking for the next is the back-pressure. Throws
   * InvalidArgumentError for a consumer with a handler.
   */
  [Symbol.asyncIterator](): AsyncIterator<Message<T>> {
    return this.iterate(true);
  }

  /** For simple queues, whose callers are no loop: closing does not wait until they come back for the next message. */
  iterate(isLoop: boolean): AsyncIterator<Message<T>> {
    const dispatcher = this.#dispatcher;
    if (dispatcher.hasHandlers) {
      throw new InvalidArgumentError('A consumer with a handler cannot be iterated: its messages go to the handler');
    }
    const iterator = new MessageIterator<T>({
      start: () => this.consume(),
      stop: async () => {
        dispatcher.removeIterator(iterator);
        await this.close({ timeout: 0 });
      },
      pull: () => dispatcher.pump(),
      resumed: (isDone) => dispatcher.resumed(isDone),
      autoAck: this.#options.ack === 'auto',
      isLoop,
    });
    dispatcher.addIterator(iterator);
    return iterator;
  }

  async #close({ timeout = defaultCloseTimeout, signal }: WaitOptions): Promise<CloseReport> {
    const { clock, logger } = this.internals;
    const dispatcher = this.#dispatcher;
    const before = { completed: dispatcher.completed, released: this.#released };
    const time = new ClosingTime(clock, logger, { timeout, signal });
    await Promise.all([
      time.lastStep('Cancelling a consumer', () => this.cancel()),
      time.step('Waiting for message handlers', () => dispatcher.idle()),
    ]);
    const abandoned = dispatcher.atWork;
    await time.step('Dead-lettering', () => this.#policy.close());
    await time.lastStep('Giving back unsettled messages', () => this.#giveBack(this.#feeds.unsettled));
    if (this.#ownsChannel) await time.lastStep('Closing the channel of a consumer', () => this.#channel.close());
    this.internals.consumers.delete(this);
    const completed = dispatcher.completed - before.completed;
    return { completed, released: this.#released - before.released, abandoned };
  }

  /** The newest first, so that each goes in front of the one behind it. */
  async #giveBack(messages: readonly Message[]): Promise<void> {
    this.#released += messages.length;
    const reason = new MessageStateError('The consumer gave the message back to its queue');
    await Promise.all(messages.toReversed().map((message) => message.giveBack(reason)));
  }

  /** The connection closes its consumers when it closes: also one that was cancelled, as long as it holds messages. */
  #leave(isLeaving: boolean = this.#isLeaving): void {
    this.#isLeaving = isLeaving;
    if (isLeaving && this.active === 0 && this.inFlight === 0) this.internals.consumers.delete(this);
  }
}

function nameOf(queue: Queue | string): string {
  return typeof queue === 'string' ? queue : queue.name;
}
