import type { KombuError } from '../errors.ts';
import { SlotTable } from '../reliability/slot-table.ts';
import type { Delivery } from '../spi/envelope.ts';
import type { ChannelSession } from './channel-session.ts';
import type { ConsumerHealth, Host } from './host.ts';
import { Message } from './message.ts';
import type { MessageContext } from './message.ts';
import { messageContext } from './message-context.ts';
import type { Queue } from './queue.ts';
import type { Subscription, SubscriptionSink } from './subscription.ts';

/** What a consumer does with what its queues bring. */
export interface FeedOwner {
  received(message: Message, feed: QueueFeed): void;
  /** Messages that were received and not yet handed out are no longer ours. */
  lost(feed: QueueFeed): void;
  failed(error: KombuError, feed: QueueFeed): void;
  /** Nothing is unsettled any more of a queue that was stopped. */
  drained(): void;
}

/** One queue of a consumer: turns deliveries into messages and knows which of them are unsettled. */
export class QueueFeed implements SubscriptionSink {
  readonly queue: Queue;
  readonly consumerTag: string;
  readonly noAck: boolean;
  readonly #unsettled: SlotTable<Message>;
  subscription: Subscription | undefined;
  /** Was asked for and not cancelled. */
  wanted = false;
  readonly #owner: FeedOwner;
  readonly #host: Host;
  readonly #context: MessageContext;

  constructor(
    queue: Queue,
    options: { consumerTag: string; noAck: boolean; accept: Iterable<string> | undefined },
    owner: FeedOwner,
    host: Host,
  ) {
    this.queue = queue;
    this.consumerTag = options.consumerTag;
    this.noAck = options.noAck;
    this.#owner = owner;
    this.#host = host;
    this.#context = messageContext(host, {
      accept: options.accept,
      noAck: options.noAck,
      settled: (number, multiple) => {
        this.#unsettled.take(number);
        if (multiple) this.#settledBefore(number);
        if (!this.wanted && this.inFlight === 0) this.#owner.drained();
      },
    });
    let count = 0;
    this.#unsettled = new SlotTable(() => ++count);
  }

  /** The messages that are not settled, in the order of their coming. */
  get unsettled(): readonly Message[] {
    return this.#unsettled.values();
  }

  /** Their number. */
  get inFlight(): number {
    return this.#unsettled.size;
  }

  deliver(delivery: Delivery, session: ChannelSession): void {
    const number = this.noAck ? 0 : this.#unsettled.freeNumber();
    const message = new Message(delivery, session, this.#context, number);
    if (!this.noAck) this.#unsettled.add(number, message);
    this.#owner.received(message, this);
  }

  interrupted(_reason: Error): void {
    this.#unsettled.clear();
    this.#owner.lost(this);
  }

  cancelledByBroker(reason: Error | undefined): void {
    this.#host.logger.warn(`The broker cancelled the consumer of queue '${this.queue.name}'; it is set up again`, {
      error: reason,
    });
    this.#host.consumerCancelled({ queue: this.queue.name, consumerTag: this.consumerTag, reason });
  }

  failed(error: KombuError): void {
    this.#host.logger.error(`The consumer of queue '${this.queue.name}' cannot be set up again and stays off`, {
      error,
    });
    this.#host.consumerError({ queue: this.queue.name, error });
    this.#owner.failed(error, this);
  }

  /** The broker counts those before it as acked, too. */
  #settledBefore(number: number): void {
    for (const each of this.#unsettled.numbers()) {
      if (each > number) return;
      this.#unsettled.get(each)?.settledWithAnother();
    }
  }

  health(): ConsumerHealth {
    const { subscription } = this;
    const session = subscription?.session?.alive ? subscription.session : undefined;
    return {
      queue: this.queue.name,
      consumerTag: this.consumerTag,
      phase: this.wanted ? (subscription?.phase ?? 'subscribing') : 'cancelled',
      generation: session?.generation,
      lastReadAt: session?.channel.lastReadAt?.(this.consumerTag),
      lastDeliveryAt: subscription?.lastDeliveryAt,
      inFlight: this.inFlight,
      lastError: subscription?.lastError,
    };
  }
}
