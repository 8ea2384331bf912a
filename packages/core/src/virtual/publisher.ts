import { LimitExceededError } from '../errors.ts';
import type { Envelope, PublishGuarantee, Route } from '../spi/envelope.ts';
import { isEndlessCycle, type DeathReason } from './dead-letter.ts';
import type { PublishWaiter } from '../spi/transport.ts';
import type { VirtualLink } from './link.ts';
import { Publication, type CopyWaiter, type CopyWriter } from './publication.ts';
import { publishRefusal } from './refusals.ts';
import type { RouteFinder } from './route-finder.ts';
import type { PutWaiter, StoreCalls } from './store-calls.ts';
import { readEnvelope } from './wire-reader.ts';
import { EnvelopeWriter, sealCopy } from './wire-writer.ts';

/** What `sealCopy` appends at most, in bytes. */
const tailBytes = 96;

/** Takes messages from the exchange to the store. */
export class Publisher implements CopyWriter {
  readonly guarantee: PublishGuarantee;
  readonly #link: VirtualLink;
  readonly #writer = new EnvelopeWriter();
  readonly #calls: StoreCalls;
  readonly #routes: RouteFinder;

  constructor(link: VirtualLink, calls: StoreCalls, routes: RouteFinder) {
    this.guarantee = link.capabilities.publisherConfirms ? 'confirmed' : 'stored';
    this.#link = link;
    this.#calls = calls;
    this.#routes = routes;
  }

  /** As `TransportChannel.publishFor`. */
  publish(envelope: Envelope, route: Route, waiter: PublishWaiter): void {
    const refusal = publishRefusal(envelope.properties, route.delay ?? 0, this.#link.capabilities);
    if (refusal) return waiter.failed(refusal);
    const publication = new Publication(this, envelope, route, waiter);
    this.#routes.find(route.exchange, route.routingKey, envelope.headers, publication);
  }

  /**
   * Resolves when the dead letter is in all its queues. An exchange that does not exist or leads nowhere swallows it, and so
   * does an endless cycle, as in RabbitMQ; unlike there, the log says so.
   */
  async deadLetter(dead: Envelope, reason: DeathReason, exchange: string, routingKey: string): Promise<void> {
    const route = { exchange, routingKey, mandatory: false, confirm: true };
    await new Promise<unknown>((resolve, reject) => {
      const publication = new Publication(this, dead, route, { published: resolve, failed: reject });
      const drop = (why: string): void => {
        this.#link.logger.warn(`A message was dropped instead of dead-lettered: ${why}`, {
          exchange,
          routingKey,
          reason,
        });
        resolve(undefined);
      };
      this.#routes.find(exchange, routingKey, dead.headers, {
        routed: (queues) => {
          const targets = queues.filter((queue) => !isEndlessCycle(dead, reason, queue));
          if (targets.length > 0) publication.routed(targets);
          else drop(queues.length > 0 ? 'it would go round for ever' : 'no queue is bound there');
        },
        failed: (error) => {
          if (error.code === 'NOT_FOUND') drop(error.message);
          else reject(error);
        },
      });
    });
  }

  /** Puts a payload that came out of the queue back into it, as it is. */
  putBack(queue: string, payload: string): Promise<void> {
    const { envelope, expiresAt } = readEnvelope(payload);
    const { properties } = envelope;
    const priority = this.storedPriority(properties.priority, queue);
    return new Promise((resolve, reject) => {
      const message = { payload, priority, delayMs: 0, expiresAt, properties };
      this.#calls.putBack(queue, message, { stored: resolve, failed: reject });
    });
  }

  /** Do peers listen to this exchange itself? Nothing would keep a delayed message for them. */
  isBroadcast({ exchange, delay }: Route): boolean {
    const { store, topology } = this.#link;
    return store.broadcast !== undefined && !delay && topology.router.exchangeType(exchange) === 'fanout';
  }

  put(queues: readonly string[], envelope: Envelope, route: Route, waiter: CopyWaiter): void {
    const head = this.#writer.head(envelope, route.exchange, route.routingKey);
    this.#checkSize(head);
    for (const queue of queues) this.#putCopy(queue, head, envelope, route.delay ?? 0, waiter);
    if (this.isBroadcast(route)) this.#broadcast(head, envelope, route, waiter);
  }

  #broadcast(head: string, { properties }: Envelope, { exchange, routingKey }: Route, waiter: CopyWaiter): void {
    const { expiration } = properties;
    const payload = sealCopy(head, expiration === undefined ? undefined : this.#link.clock.now() + expiration);
    this.#calls.broadcasts.add(exchange, { payload, routingKey }, waiter);
  }

  #putCopy(queue: string, head: string, { properties }: Envelope, delayMs: number, waiter: PutWaiter): void {
    const policy = this.#link.topology.queue(queue)?.policy;
    const ttl = shorter(properties.expiration, policy?.messageTtl);
    const expiresAt = ttl === undefined ? undefined : this.#link.clock.now() + delayMs + ttl;
    const message = {
      payload: sealCopy(head, expiresAt),
      priority: this.storedPriority(properties.priority, queue),
      delayMs,
      // A store that drops expired messages by itself would cheat the dead-letter exchange.
      expiresAt: policy?.deadLetterExchange === undefined ? expiresAt : undefined,
      properties,
    };
    this.#calls.put(queue, message, waiter);
  }

  /** The priority under which a message is kept: no higher than its queue allows. */
  storedPriority(priority: number | undefined, queue: string): number {
    if (priority === undefined || priority === 0 || !this.#link.capabilities.priority) return 0;
    return Math.min(priority, this.#link.topology.queue(queue)?.policy.maxPriority ?? 9);
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

function shorter(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return Math.min(a, b);
}
