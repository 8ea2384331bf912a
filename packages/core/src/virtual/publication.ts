import type { KombuError } from '../errors.ts';
import { UnroutableError } from '../errors.ts';
import type { Envelope, PublishGuarantee, Route } from '../spi/envelope.ts';
import type { PublishWaiter } from '../spi/transport.ts';
import type { BroadcastWaiter } from './broadcasts.ts';
import type { RouteWaiter } from './route-finder.ts';
import type { PutWaiter } from './store-calls.ts';

/** Hears what became of the copies of a message. */
export type CopyWaiter = PutWaiter & BroadcastWaiter;

/** Writes the copies of a message. */
export interface CopyWriter {
  readonly guarantee: PublishGuarantee;
  /** Does a copy go to the listeners of the exchange too? */
  isBroadcast(route: Route): boolean;
  /** The waiter hears once from each queue, and once of the broadcast. Throws before anything is sent. */
  put(queues: readonly string[], envelope: Envelope, route: Route, waiter: CopyWaiter): void;
}

/** A message on its way: hears of its route, then of each of its copies, and tells its publisher. */
export class Publication implements RouteWaiter, CopyWaiter {
  readonly #writer: CopyWriter;
  readonly #envelope: Envelope;
  readonly #route: Route;
  readonly #waiter: PublishWaiter;
  #open = 1;
  #queues = 0;
  #error: KombuError | undefined;

  constructor(writer: CopyWriter, envelope: Envelope, route: Route, waiter: PublishWaiter) {
    this.#writer = writer;
    this.#envelope = envelope;
    this.#route = route;
    this.#waiter = waiter;
  }

  routed(queues: readonly string[]): void {
    const isBroadcast = this.#writer.isBroadcast(this.#route);
    this.#queues = queues.length;
    this.#open = queues.length + (isBroadcast ? 1 : 0);
    if (this.#open === 0) return this.#unroutable();
    try {
      this.#writer.put(queues, this.#envelope, this.#route, this);
    } catch (error) {
      this.#waiter.failed(error);
    }
  }

  stored(): void {
    this.#open -= 1;
    if (this.#open === 0) this.#finish();
  }

  broadcast(listeners: number | undefined): void {
    if (this.#queues === 0 && !listeners) this.#unroutable();
    else this.stored();
  }

  /** Told by the search for the route, or by one queue. */
  failed(error: KombuError): void {
    this.#error ??= error;
    this.stored();
  }

  #finish(): void {
    if (this.#error) this.#waiter.failed(this.#error);
    else this.#waiter.published(this.#writer.guarantee);
  }

  #unroutable(): void {
    const { exchange, routingKey, mandatory } = this.#route;
    if (!mandatory) return this.#waiter.published(this.#writer.guarantee);
    const way = `the exchange ${JSON.stringify(exchange)} with the routing key ${JSON.stringify(routingKey)}`;
    this.#waiter.failed(
      new UnroutableError(`No queue gets messages of ${way}: bind one, or publish without \`mandatory\``),
    );
  }
}
