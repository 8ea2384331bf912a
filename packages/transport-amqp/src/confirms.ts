import type { Envelope, PublishWaiter, Route } from '@kombu/core/spi';
import { MessageNackedError, UnroutableError } from '@kombu/core/spi';
import type { ReturnFields } from './wire/content-reader.ts';

/** A message on its way. */
export interface Publish {
  readonly envelope: Envelope;
  readonly route: Route;
  readonly waiter: PublishWaiter;
  /** The number of writes to the socket before it was appended; see `AmqpSocket.flushes`. */
  flushes: number;
  /** The broker gave it back: nobody wants it. */
  isReturned: boolean;
}

/** Messages that the broker has not confirmed yet, by their number on the channel: the first is 1. */
export class Confirms {
  /** In the order of publishing; those that are answered are undefined. */
  #publishes: (Publish | undefined)[] = [];
  /** The number of the first. */
  #first = 1;
  /** How many at the front are answered. */
  #head = 0;
  #size = 0;
  #whenEmpty: (() => void)[] = [];

  get size(): number {
    return this.#size;
  }

  /** To be called in the order of publishing. */
  add(publish: Publish): void {
    this.#publishes.push(publish);
    this.#size += 1;
  }

  /** The broker's answer: to this one, or (`multiple`) to all up to it. */
  settle(tag: number, multiple: boolean, isTaken: boolean): void {
    const index = tag - this.#first;
    if (multiple) {
      const end = Math.min(index + 1, this.#publishes.length);
      for (let before = this.#head; before < end; before++) this.#answer(before, isTaken);
    } else this.#answer(index, isTaken);
    this.#advance();
  }

  /** Finds the message that came back and remembers it until its confirm follows. False when nobody waits for it. */
  markReturned(fields: ReturnFields, returned: Envelope): boolean {
    for (let index = this.#head; index < this.#publishes.length; index++) {
      const publish = this.#publishes[index];
      if (!publish || publish.isReturned || !isSame(publish, fields, returned)) continue;
      publish.isReturned = true;
      return true;
    }
    return false;
  }

  /** Takes out all that are not answered, oldest first. */
  takeAll(): Publish[] {
    const left = this.#publishes.slice(this.#head).filter((publish) => publish !== undefined);
    this.#publishes = [];
    this.#head = 0;
    this.#size = 0;
    this.#wake();
    return left;
  }

  /** Resolves when all are answered. */
  empty(): Promise<void> {
    if (this.#size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#whenEmpty.push(resolve));
  }

  #answer(index: number, isTaken: boolean): void {
    const publish = this.#publishes[index];
    if (!publish) return;
    this.#publishes[index] = undefined;
    this.#size -= 1;
    const { waiter } = publish;
    if (publish.isReturned) waiter.failed(unroutable(publish.route));
    else if (isTaken) waiter.published('confirmed');
    else waiter.failed(nacked(publish.route));
  }

  #advance(): void {
    const publishes = this.#publishes;
    while (this.#head < publishes.length && publishes[this.#head] === undefined) this.#head += 1;
    if (this.#head === publishes.length || this.#head > 4096) {
      this.#first += this.#head;
      publishes.splice(0, this.#head);
      this.#head = 0;
    }
    if (this.#size === 0) this.#wake();
  }

  #wake(): void {
    if (this.#whenEmpty.length > 0) for (const resolve of this.#whenEmpty.splice(0)) resolve();
  }
}

/** A return carries no number; it comes before the confirm of its message, in the order of publishing. */
function isSame({ envelope, route }: Publish, fields: ReturnFields, returned: Envelope): boolean {
  return (
    route.mandatory &&
    route.routingKey === fields.routingKey &&
    route.exchange === fields.exchange &&
    envelope.properties.messageId === returned.properties.messageId &&
    envelope.body.equals(returned.body)
  );
}

function unroutable({ exchange, routingKey }: Route): UnroutableError {
  return new UnroutableError(
    `No queue is bound to exchange '${exchange}' for routing key '${routingKey}' (312 NO_ROUTE); nobody got the message`,
  );
}

function nacked({ exchange, routingKey }: Route): MessageNackedError {
  return new MessageNackedError(
    `RabbitMQ did not take the message for routing key '${routingKey}' of exchange '${exchange}': a queue is full (x-overflow) or could not store it`,
  );
}
