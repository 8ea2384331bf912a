import type { ClockTimer } from '../clock.ts';
import { completePolicy, retryInterval } from '../reliability/retry.ts';
import type { CompleteRetryPolicy } from '../reliability/retry.ts';
import type { ConsumerOptions } from './consumer-options.ts';
import { guarded } from './emitter.ts';
import { FailureCounts } from './failure-counts.ts';
import type { Exchange } from './exchange.ts';
import type { Host, Place } from './host.ts';
import type { Message } from './message.ts';
import { Producer } from './producer.ts';
import type { PublishOptions } from './publish-options.ts';
import { Queue } from './queue.ts';

const defaultAttempts = 5;

/** How a message that its handler neither settled nor survived comes back in manual mode: soon, and ever later. */
const manualBackOff = { intervalStart: 500, intervalStep: 2000, intervalMax: 30_000 };
const autoBackOff = { intervalStart: 1000, intervalStep: 5000, intervalMax: 60_000 };

/** Decides what becomes of messages that failed: in their handler, or in decoding. */
export class FailurePolicy {
  readonly #place: Place;
  readonly #options: ConsumerOptions;
  readonly #backOff: CompleteRetryPolicy;
  readonly #attempts: number;
  readonly #counts = new FailureCounts();
  readonly #held = new Map<Message, ClockTimer>();
  readonly #underWay = new Set<Promise<unknown>>();
  #producer: Producer | undefined;
  #closed = false;

  constructor(place: Place, options: ConsumerOptions) {
    this.#place = place;
    this.#options = options;
    const { attempts, ...intervals } = options.retry ?? {};
    this.#attempts = attempts ?? defaultAttempts;
    this.#backOff = completePolicy(options.ack === 'auto' ? { ...autoBackOff, ...intervals } : manualBackOff);
  }

  /** The handler threw or rejected. */
  handlerFailed(error: Error, message: Message, noAck: boolean): void {
    this.report(error, message, 'A message handler failed');
    if (noAck || message.acknowledged) return;
    const deliveries = this.#counts.next(message);
    if (this.#options.ack === 'auto' && deliveries >= this.#attempts) {
      this.#counts.forget(message);
      this.#background(this.#giveUp(message, error, 'delivery-limit', this.#options.deadLetter));
    } else this.#requeueLater(message, retryInterval(this.#backOff, deliveries - 1, this.#host.random));
  }

  /** The handler is done: what was counted for the message is of no use any more. */
  handlerSucceeded(message: Message): void {
    this.#counts.forget(message);
  }

  /** The body cannot be decoded. Answers false when the handler shall have it raw. */
  undecodable(error: Error, message: Message): boolean {
    const { onDecodeError, onUndecodable } = this.#options;
    if (!onDecodeError && onUndecodable === 'raw') return false;
    this.#background(onDecodeError ? this.#askHook(error, message) : this.#refuse(error, message));
    return true;
  }

  /** A hook that fails has not settled the message. */
  async #askHook(error: Error, message: Message): Promise<void> {
    try {
      await this.#options.onDecodeError?.(message, error);
    } catch (failure) {
      this.#host.logger.error('onDecodeError failed', { error: failure });
      if (!message.acknowledged) await this.#refuse(error, message);
    }
  }

  #refuse(error: Error, message: Message): Promise<void> {
    const { onUndecodable, deadLetter } = this.#options;
    const target = onUndecodable === 'reject' ? undefined : deadLetter;
    this.report(error, message, `A message cannot be decoded and is ${target ? 'dead-lettered' : 'rejected'}`);
    return this.#giveUp(message, error, 'undecodable', target);
  }

  report(error: Error, message: Message | undefined, what: string): void {
    const { messageId } = message?.properties ?? {};
    this.#host.logger.error(what, { error, messageId, queue: message?.deliveryInfo.queue });
    this.tell(error, message);
  }

  /** For what is in the log already. */
  tell(error: Error, message: Message | undefined): void {
    const { onError } = this.#options;
    if (onError) guarded(() => onError(error, message), this.#host.logger, 'onError');
  }

  /**
   * Stops waiting: what is held until its back-off is over is left to the caller, who gives it back. Resolves when what is
   * being dead-lettered is done.
   */
  async close(): Promise<void> {
    this.#closed = true;
    for (const timer of this.#held.values()) this.#host.clock.clearTimeout(timer);
    this.#held.clear();
    await Promise.all(this.#underWay);
  }

  get #host(): Host {
    return this.#place.internals;
  }

  #requeueLater(message: Message, delay: number): void {
    if (this.#closed || this.#host.capabilities?.delay) {
      this.#background(message.requeue(this.#closed ? {} : { delay }));
      return;
    }
    // A broker that cannot delay would hand it straight back: hold it here, within the prefetch, until it is time.
    const timer = this.#host.clock.setTimeout(() => {
      this.#held.delete(message);
      this.#background(message.requeue());
    }, delay);
    this.#held.set(message, timer);
  }

  async #giveUp(message: Message, error: Error, reason: string, target: ConsumerOptions['deadLetter']): Promise<void> {
    if (target === undefined) {
      await message.reject();
      return;
    }
    this.#producer ??= new Producer(this.#place);
    try {
      await this.#producer.publish(message.body, deadLetterOptions(message, target, error, reason));
      await message.ack();
    } catch (failure) {
      this.report(failure as Error, message, 'A failed message could not be dead-lettered and goes back to its queue');
      if (!message.acknowledged) this.#requeueLater(message, this.#backOff.intervalMax);
    }
  }

  #background(work: Promise<unknown>): void {
    const done = work
      .then(undefined, (error: unknown) => this.#host.logger.error('A failed message could not be settled', { error }))
      .finally(() => this.#underWay.delete(done));
    this.#underWay.add(done);
  }
}

/** How a failed message travels on: as it was, with the story of its failure in the headers. */
function deadLetterOptions(
  message: Message,
  target: Queue | Exchange | string,
  error: Error,
  reason: string,
): PublishOptions {
  const { exchange, routingKey, queue } = message.deliveryInfo;
  const { deliveryMode, messageId, correlationId, replyTo, priority, timestamp, type, appId } = message.properties;
  const headers = {
    ...message.headers,
    'x-first-death-reason': reason,
    'x-first-death-queue': queue ?? null,
    'x-first-death-exchange': exchange,
    'x-exception': `${error.name}: ${error.message}`,
    'x-delivery-count': (message.deliveryCount ?? 0) + 1,
    'x-original-routing-key': routingKey,
  };
  const asQueue = typeof target === 'string' ? new Queue(target) : target;
  return {
    ...(asQueue instanceof Queue ? { routingKey: asQueue.name } : { exchange: asQueue, routingKey }),
    declare: [asQueue],
    mandatory: true,
    contentType: message.contentType ?? 'application/data',
    contentEncoding: message.contentEncoding ?? 'binary',
    headers,
    ...(deliveryMode === undefined ? {} : { deliveryMode }),
    ...(priority ? { priority } : {}),
    messageId,
    correlationId,
    replyTo,
    timestamp,
    type,
    appId,
  };
}
