import type { KombuError } from '../errors.ts';
import type { ConsumeOptions } from '../spi/declarations.ts';
import type { StoredMessage } from '../spi/queue-store.ts';
import type { ChannelEvents } from '../spi/transport.ts';
import type { QueueConsumer } from './declared-queue.ts';
import type { Intake } from './intake.ts';
import type { VirtualLink } from './link.ts';
import { Poller, type PollerSink } from './poller.ts';
import type { Settler } from './settler.ts';
import type { CreditHolder } from './unacked.ts';

/** The most messages asked for at once. */
const maxPerGet = 100;

/** What a consumer needs of its channel. */
export interface ConsumerParts {
  readonly link: VirtualLink;
  readonly intake: Intake;
  readonly settler: Settler;
  readonly events: ChannelEvents;
  /** It ended without being asked to. */
  ended(consumer: VirtualConsumer): void;
}

/** A consumer of one queue: its credit, and the loop that brings its messages. */
export class VirtualConsumer implements QueueConsumer, CreditHolder, PollerSink {
  readonly tag: string;
  readonly queue: string;
  readonly exclusive: boolean;
  readonly #parts: ConsumerParts;
  readonly #noAck: boolean;
  #prefetch: number;
  #unsettled = 0;
  #poller: Poller | undefined;

  constructor(options: ConsumeOptions, parts: ConsumerParts) {
    this.tag = options.consumerTag;
    this.queue = options.queue;
    this.exclusive = options.exclusive;
    this.#parts = parts;
    this.#noAck = options.noAck;
    this.#prefetch = options.prefetch;
  }

  start(): void {
    this.#poller = new Poller(this.#parts.link, this.queue, this.#noAck, this);
  }

  /** Resolves when no delivery will come any more and what was fetched too late is given back. */
  async stop(): Promise<void> {
    await this.#poller?.stop();
  }

  get lastReadAt(): number | undefined {
    return this.#poller?.lastReadAt;
  }

  set prefetch(prefetch: number) {
    this.#prefetch = prefetch;
    this.#poller?.wake();
  }

  /** Prefetch does not count for deliveries that are settled already. */
  credit(): number {
    if (this.#noAck || this.#prefetch === 0) return maxPerGet;
    return Math.min(this.#prefetch - this.#unsettled, maxPerGet);
  }

  settled(): void {
    this.#unsettled -= 1;
    this.#poller?.wake();
  }

  deliver(messages: readonly StoredMessage<unknown>[]): Promise<void> | undefined {
    const { intake, events, link } = this.#parts;
    const batch = intake.batch(this.queue, this.#noAck, this);
    for (let index = 0; index < messages.length; index++) {
      // A handler may cancel, or the link may break, in the middle of a batch.
      if (this.#poller?.stopped) return this.giveBack(messages.slice(index));
      const delivery = intake.take(messages[index] as StoredMessage<unknown>, batch);
      if (!delivery) continue;
      if (!this.#noAck) this.#unsettled += 1;
      try {
        events.delivery(delivery);
      } catch (error) {
        link.logger.error('A listener for deliveries threw; it must not', { error, consumerTag: this.tag });
      }
    }
    return undefined;
  }

  giveBack(messages: readonly StoredMessage<unknown>[]): Promise<void> {
    const { intake, settler } = this.#parts;
    return settler.giveBack(intake.batch(this.queue, this.#noAck, this), messages);
  }

  queueDeleted(reason: KombuError): void {
    this.#cancelledByBroker(reason);
  }

  queueGone(reason: KombuError): void {
    this.#cancelledByBroker(reason);
  }

  #cancelledByBroker(reason: KombuError): void {
    void this.stop();
    this.#parts.ended(this);
    this.#parts.events.cancelled(this.tag, reason);
  }
}
