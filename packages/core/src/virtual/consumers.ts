import { NotFoundError, PreconditionFailedError } from '../errors.ts';
import type { ConsumeOptions } from '../spi/declarations.ts';
import type { ChannelEvents } from '../spi/transport.ts';
import type { Administration } from './administration.ts';
import { ClosingTime } from '../reliability/closing-time.ts';
import { VirtualConsumer } from './consumer.ts';
import type { Intake } from './intake.ts';
import type { VirtualLink } from './link.ts';
import type { Settler } from './settler.ts';

export interface ConsumersParts {
  readonly link: VirtualLink;
  readonly intake: Intake;
  readonly settler: Settler;
  readonly administration: Administration;
  readonly events: ChannelEvents;
}

/** The consumers of one channel. */
export class Consumers {
  readonly #parts: ConsumersParts;
  readonly #byTag = new Map<string, VirtualConsumer>();
  readonly #leaving = new Map<string, Promise<void>>();

  constructor(parts: ConsumersParts) {
    this.#parts = parts;
  }

  start(options: ConsumeOptions): void {
    const { queue, consumerTag } = options;
    const { link } = this.#parts;
    if (this.#byTag.has(consumerTag)) {
      throw new PreconditionFailedError(`The consumer tag ${JSON.stringify(consumerTag)} is in use on this channel`);
    }
    const consumer = new VirtualConsumer(options, { ...this.#parts, ended: (gone) => this.#gone(gone) });
    link.topology.addConsumer(queue, consumer);
    this.#byTag.set(consumerTag, consumer);
    try {
      consumer.start();
    } catch (error) {
      this.#gone(consumer);
      throw link.explain(error, `Consuming from the queue ${JSON.stringify(queue)}`);
    }
  }

  lastReadAt(consumerTag: string): number | undefined {
    return this.#byTag.get(consumerTag)?.lastReadAt;
  }

  setPrefetch(consumerTag: string, prefetch: number): void {
    const consumer = this.#byTag.get(consumerTag);
    if (!consumer) throw new NotFoundError(`There is no consumer ${JSON.stringify(consumerTag)} on this channel`);
    consumer.prefetch = prefetch;
  }

  /** A tag that is not known is no error: the broker may have been faster. */
  async cancel(consumerTag: string): Promise<void> {
    const consumer = this.#byTag.get(consumerTag);
    if (!consumer) return this.#leaving.get(consumerTag);
    this.#byTag.delete(consumerTag);
    const left = this.#cancel(consumer).finally(() => {
      if (this.#leaving.get(consumerTag) === left) this.#leaving.delete(consumerTag);
    });
    this.#leaving.set(consumerTag, left);
    await left;
  }

  async #cancel(consumer: VirtualConsumer): Promise<void> {
    const { link, administration } = this.#parts;
    const time = new ClosingTime(link.clock, link.logger);
    await time.step(`Stopping the consumer ${JSON.stringify(consumer.tag)}`, () => consumer.stop());
    await administration.leave(consumer.queue, consumer);
  }

  /** Stops all of them. `between` runs before the queues that live no longer than their consumers are deleted. */
  async stopAll(time: ClosingTime, between: () => Promise<void>): Promise<void> {
    const consumers = [...this.#byTag.values()];
    this.#byTag.clear();
    await time.step('Stopping the consumers of a channel', () =>
      Promise.all([...consumers.map((each) => each.stop()), ...this.#leaving.values()]),
    );
    await between();
    const { administration } = this.#parts;
    await time.step('Removing the queues that live no longer than their consumers', () =>
      Promise.all(consumers.map((each) => administration.leave(each.queue, each))),
    );
  }

  /** The link broke. */
  forsake(): void {
    for (const consumer of this.#byTag.values()) {
      void consumer.stop();
      this.#parts.link.topology.forsakeConsumer(consumer.queue, consumer);
    }
    this.#byTag.clear();
  }

  /** It ended without being asked to. */
  #gone(consumer: VirtualConsumer): void {
    const { link, administration } = this.#parts;
    this.#byTag.delete(consumer.tag);
    administration.leave(consumer.queue, consumer).catch((error: unknown) => {
      link.logger.warn(`What is left of the queue ${JSON.stringify(consumer.queue)} could not be removed`, { error });
    });
  }
}
