import { EmptyError, TimeoutError } from '../errors.ts';
import type { WaitOptions } from '../reliability/deadline.ts';
import { bounded } from '../reliability/deadline.ts';
import { TimeBudget } from '../reliability/time-budget.ts';
import { Consumer } from './consumer.ts';
import { defaultOperationTimeout } from './control.ts';
import { Exchange } from './exchange.ts';
import type { ExchangeOptions } from './exchange.ts';
import type { Place } from './host.ts';
import { maybeDeclare } from './maybe-declare.ts';
import type { Message } from './message.ts';
import { Producer } from './producer.ts';
import type { PublishOptions, PublishResult } from './publish-options.ts';
import { Queue } from './queue.ts';
import type { QueueOptions } from './queue-options.ts';

export interface SimpleQueueOptions {
  /** Delivered means settled. @default false */
  readonly noAck?: boolean;
  /** Properties of the queue, when it is given by name. */
  readonly queueOptions?: Omit<QueueOptions, 'exchange' | 'routingKey'>;
  /** Properties of the exchange, when the queue is given by name. */
  readonly exchangeOptions?: ExchangeOptions;
  readonly serializer?: string;
  readonly compression?: string;
  readonly accept?: Iterable<string>;
}

/** Somebody asked for a message. */
interface Request<T> {
  readonly answer: Promise<IteratorResult<Message<T>>>;
  isOpen: boolean;
}

/**
 * `put` and `get` on one queue. A name stands for a direct exchange, a queue and a routing key of that name, as in Kombu.
 * Messages from `get` have to be acked.
 */
export class SimpleQueue<T = unknown> implements AsyncDisposable {
  readonly queue: Queue<T>;
  readonly #place: Place;
  readonly #producer: Producer;
  readonly #consumer: Consumer<T>;
  readonly #options: SimpleQueueOptions;
  readonly #messages: AsyncIterator<Message<T>>;
  /** Requests whose callers gave up: the messages that answer them belong to the next callers. */
  readonly #left: Request<T>[] = [];
  #asked = 0;
  #credit = 1;

  constructor(place: Place, queue: Queue<T> | string, options: SimpleQueueOptions = {}) {
    this.#place = place;
    this.#options = options;
    this.queue = typeof queue === 'string' ? namedQueue<T>(queue, options) : queue;
    const { serializer, compression } = options;
    this.#producer = new Producer(place, { serializer, compression });
    this.#consumer = new Consumer<T>(place, {
      queues: this.queue,
      noAck: options.noAck,
      accept: options.accept,
      prefetch: this.#credit,
    });
    this.#messages = this.#consumer.iterate(false);
  }

  /** Publishes to the queue, through its exchange. */
  put(body: T, options: Omit<PublishOptions, 'exchange'> = {}): Promise<PublishResult> {
    const { exchange } = this.queue;
    const routingKey = exchange.name === '' ? this.queue.name : this.queue.routingKey;
    return this.#producer.publish(body, { routingKey, ...options, exchange, declare: [this.queue as Queue] });
  }

  /**
   * The next message. Waits for it, at most `timeout` milliseconds (default: without a bound); rejects with EmptyError. Only as
   * many messages are fetched as were asked for, so that others can have the rest.
   */
  async get(wait: WaitOptions = {}): Promise<Message<T>> {
    const { clock } = this.#place.internals;
    const request = this.#left.shift() ?? this.#ask();
    try {
      const result = await bounded(request.answer, wait, clock, `Getting a message from '${this.queue.name}'`);
      if (result.done) throw new EmptyError(`Queue '${this.queue.name}' was closed`);
      return result.value;
    } catch (error) {
      if (!request.isOpen) throw error;
      this.#left.push(request);
      if (!(error instanceof TimeoutError)) throw error;
      throw new EmptyError(`Queue '${this.queue.name}' gave no message within ${wait.timeout ?? 0} ms`, {
        cause: error,
      });
    }
  }

  #ask(): Request<T> {
    this.#asked += 1;
    const request: Request<T> = { isOpen: true, answer: this.#next() };
    const over = (): void => {
      request.isOpen = false;
      this.#asked -= 1;
    };
    request.answer.then(over, () => {
      over();
      // Its error belongs to the caller who left.
      const place = this.#left.indexOf(request);
      if (place !== -1) this.#left.splice(place, 1);
    });
    return request;
  }

  async #next(): Promise<IteratorResult<Message<T>>> {
    // Unsettled messages use up the credit: whoever asks for one more shall have it.
    const needed = this.#consumer.inFlight + this.#asked;
    if (needed > this.#credit) await this.#consumer.qos({ prefetchCount: (this.#credit = needed) });
    return this.#messages.next();
  }

  /** A message that is there now; rejects with EmptyError otherwise. */
  async getNowait(wait: WaitOptions = {}): Promise<Message<T>> {
    const { accept, noAck } = this.#options;
    const budget = await this.#declare(wait);
    const how = { ...(accept ? { accept } : {}), ...(noAck ? { noAck } : {}) };
    const message = await this.queue.get(this.#place, { ...how, ...budget.left });
    if (!message) throw new EmptyError(`Queue '${this.queue.name}' is empty`);
    return message;
  }

  /** The number of ready messages. */
  async qsize(wait: WaitOptions = {}): Promise<number> {
    const budget = await this.#declare(wait);
    return this.queue.size(this.#place, budget.left);
  }

  /** Removes the ready messages; resolves to their number. */
  async clear(wait: WaitOptions = {}): Promise<number> {
    const budget = await this.#declare(wait);
    return this.queue.purge(this.#place, budget.left);
  }

  /** Declares the queue if need be; gives what is left of the time. */
  async #declare(wait: WaitOptions): Promise<TimeBudget> {
    const budget = new TimeBudget(wait, this.#place.internals.clock, defaultOperationTimeout);
    await maybeDeclare(this.queue, this.#place, budget.left);
    return budget;
  }

  /** Stops; what was fetched and not settled goes back. Idempotent. */
  async close(): Promise<void> {
    await this.#consumer.close({ timeout: 0 });
    await this.#producer.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** A SimpleQueue for messages that may be lost: nothing survives a restart, nothing is acked. */
export class SimpleBuffer<T = unknown> extends SimpleQueue<T> {
  constructor(place: Place, queue: Queue<T> | string, options: SimpleQueueOptions = {}) {
    super(place, queue, {
      noAck: true,
      ...options,
      // Exclusive, for newer brokers refuse transient queues that are not.
      queueOptions: { durable: false, autoDelete: true, exclusive: true, ...options.queueOptions },
      exchangeOptions: { durable: false, autoDelete: true, deliveryMode: 'transient', ...options.exchangeOptions },
    });
  }
}

function namedQueue<T>(name: string, options: SimpleQueueOptions): Queue<T> {
  const exchange = new Exchange(name, { type: 'direct', ...options.exchangeOptions });
  return new Queue<T>(name, { ...options.queueOptions, exchange, routingKey: name });
}
