import type { KombuError } from '../errors.ts';
import { InvalidArgumentError, LimitExceededError, UnroutableError, UnsupportedError } from '../errors.ts';
import type { Envelope, PublishGuarantee, Route } from '../spi/envelope.ts';
import { isEndlessCycle, type DeathReason } from './dead-letter.ts';
import type { VirtualLink } from './link.ts';
import type { RouteFinder, RouteWaiter } from './route-finder.ts';
import type { PutWaiter, StoreCalls } from './store-calls.ts';
import { storedPriority } from './stored-priority.ts';
import { readEnvelope } from './wire-reader.ts';
import { sealCopy, writeHead } from './wire-writer.ts';

/** Takes messages from the exchange to the store. */
export class Publisher {
  readonly #link: VirtualLink;
  readonly #calls: StoreCalls;
  readonly #routes: RouteFinder;

  constructor(link: VirtualLink, calls: StoreCalls, routes: RouteFinder) {
    this.#link = link;
    this.#calls = calls;
    this.#routes = routes;
  }

  /** As `TransportChannel.publish`. */
  publish(envelope: Envelope, route: Route): Promise<PublishGuarantee> {
    const refusal = this.#refusal(envelope, route);
    if (refusal) return Promise.reject(refusal);
    return new Promise((resolve, reject) => {
      const publication = new Publication(this, envelope, route, resolve, reject);
      this.#routes.find(route.exchange, route.routingKey, envelope.headers, publication);
    });
  }

  /**
   * Resolves when the dead letter is in all its queues. An exchange that does not exist, or leads nowhere, swallows it, as in
   * RabbitMQ; the log says so.
   */
  deadLetter(dead: Envelope, reason: DeathReason, exchange: string, routingKey: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const route = { exchange, routingKey, mandatory: false, confirm: true };
      const letter = new DeadLetter(this, dead, reason, route, resolve, reject);
      this.#routes.find(exchange, routingKey, dead.headers, letter);
    });
  }

  /** Puts a payload that came out of the queue back into it, as it is. */
  putBack(queue: string, payload: string): Promise<void> {
    const { envelope, expiresAt } = readEnvelope(payload);
    const { properties } = envelope;
    const priority = this.#priority(properties.priority, queue);
    return new Promise((resolve, reject) => {
      this.#calls.put(queue, { payload, priority, delayMs: 0, expiresAt, properties }, { stored: resolve, failed: reject });
    });
  }

  /** Writes one copy for each queue. The waiter hears once from each. Throws before anything is sent. */
  put(queues: readonly string[], envelope: Envelope, route: Route, waiter: PutWaiter): void {
    const { topology, clock } = this.#link;
    const { properties } = envelope;
    const head = writeHead(envelope, route.exchange, route.routingKey);
    this.#checkSize(head);
    const delayMs = route.delay ?? 0;
    for (const queue of queues) {
      const policy = topology.queue(queue)?.policy;
      const ttl = shorter(properties.expiration, policy?.messageTtl);
      const expiresAt = ttl === undefined ? undefined : clock.now() + delayMs + ttl;
      const message = {
        payload: sealCopy(head, expiresAt),
        priority: this.#priority(properties.priority, queue),
        delayMs,
        // A store that drops expired messages by itself would cheat the dead-letter exchange.
        expiresAt: policy?.deadLetterExchange === undefined ? expiresAt : undefined,
        properties,
      };
      this.#calls.put(queue, message, waiter);
    }
  }

  get guarantee(): PublishGuarantee {
    return this.#link.capabilities.publisherConfirms ? 'confirmed' : 'stored';
  }

  log(message: string, fields: Readonly<Record<string, unknown>>): void {
    this.#link.logger.warn(message, fields);
  }

  #priority(priority: number | undefined, queue: string): number {
    if (!this.#link.capabilities.priority) return 0;
    return storedPriority(priority, this.#link.topology.queue(queue));
  }

  /** Why this publish can never work, before any I/O. */
  #refusal({ properties }: Envelope, { delay = 0 }: Route): KombuError | undefined {
    const { priority = 0, expiration } = properties;
    const { capabilities } = this.#link;
    if (priority !== 0) {
      if (!(Number.isInteger(priority) && priority >= 0 && priority <= 9)) {
        return new InvalidArgumentError(`A priority is an integer from 0 to 9, higher first; not ${String(priority)}`);
      }
      if (!capabilities.priority) return new UnsupportedError('This transport has no priorities: publish with priority 0');
    }
    if (expiration !== undefined && !(Number.isSafeInteger(expiration) && expiration >= 0)) {
      return new InvalidArgumentError(`An expiration is an integer of milliseconds from 0 on, not ${String(expiration)}`);
    }
    return delay === 0 ? undefined : delayRefusal(delay, capabilities);
  }

  #checkSize(head: string): void {
    const { maxPayloadBytes } = this.#link.capabilities;
    // No character takes more than 3 bytes of UTF-8: most messages need no counting.
    if (maxPayloadBytes === undefined || (head.length + tailBytes) * 3 <= maxPayloadBytes) return;
    const bytes = Buffer.byteLength(head) + tailBytes;
    if (bytes <= maxPayloadBytes) return;
    throw new LimitExceededError(
      `The message takes ${bytes} bytes with its envelope, and this broker accepts at most ${maxPayloadBytes}. Compress the body, or store it elsewhere and send a reference.`,
    );
  }
}

/** What `sealCopy` appends at most. */
const tailBytes = 96;

/** Why nothing can be hidden for so long on this transport. */
export function delayRefusal(
  delay: number,
  { delay: supported, maxDelayMs }: { readonly delay: boolean; readonly maxDelayMs?: number },
): KombuError | undefined {
  if (!(Number.isSafeInteger(delay) && delay >= 0)) {
    return new InvalidArgumentError(`A delay is an integer of milliseconds from 0 on, not ${String(delay)}`);
  }
  if (delay === 0) return undefined;
  if (!supported) return new UnsupportedError('This transport cannot delay messages');
  if (maxDelayMs !== undefined && delay > maxDelayMs) {
    return new UnsupportedError(`This transport can delay a message by ${maxDelayMs} ms at most, not by ${delay} ms`);
  }
  return undefined;
}

function shorter(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return Math.min(a, b);
}

/** A message on its way; hears of its route, then from each of its queues. */
class Publication implements RouteWaiter, PutWaiter {
  readonly #publisher: Publisher;
  readonly #envelope: Envelope;
  readonly #route: Route;
  readonly #resolve: (guarantee: PublishGuarantee) => void;
  readonly #reject: (error: KombuError) => void;
  #open = 0;
  #error: KombuError | undefined;

  constructor(
    publisher: Publisher,
    envelope: Envelope,
    route: Route,
    resolve: (guarantee: PublishGuarantee) => void,
    reject: (error: KombuError) => void,
  ) {
    this.#publisher = publisher;
    this.#envelope = envelope;
    this.#route = route;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  routed(queues: readonly string[]): void {
    if (queues.length === 0) return this.#unroutable();
    this.#open = queues.length;
    try {
      this.#publisher.put(queues, this.#envelope, this.#route, this);
    } catch (error) {
      this.#reject(error as KombuError);
    }
  }

  stored(): void {
    this.#open -= 1;
    if (this.#open === 0) this.#finish();
  }

  /** Of the route, or of one queue. */
  failed(error: KombuError): void {
    this.#error ??= error;
    this.#open -= 1;
    if (this.#open <= 0) this.#finish();
  }

  #finish(): void {
    if (this.#error) this.#reject(this.#error);
    else this.#resolve(this.#publisher.guarantee);
  }

  #unroutable(): void {
    const { exchange, routingKey, mandatory } = this.#route;
    if (!mandatory) return this.#resolve(this.#publisher.guarantee);
    this.#reject(
      new UnroutableError(
        `No queue gets messages of the exchange ${JSON.stringify(exchange)} with the routing key ${JSON.stringify(routingKey)}: bind one, or publish without \`mandatory\``,
      ),
    );
  }
}
