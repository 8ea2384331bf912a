import { MessageNackedError } from '../errors.ts';
import type { OutgoingMessage, PutFailure, StoredMessage } from '../spi/queue-store.ts';
import type { DeclaredQueue } from './declared-queue.ts';
import type { VirtualLink } from './link.ts';
import type { Settler } from './settler.ts';
import { readEnvelope } from './wire-reader.ts';

/** Puts messages into queues and keeps to `x-max-length` while doing so. */
export class QueueLimits {
  readonly #link: VirtualLink;
  readonly #settler: () => Settler;

  /** @param settler asked for late: it publishes dead letters, and so needs what is built on top of this. */
  constructor(link: VirtualLink, settler: () => Settler) {
    this.#link = link;
    this.#settler = settler;
  }

  put(queue: string, messages: readonly OutgoingMessage[]): Promise<void | readonly PutFailure[]> {
    const declared = this.#link.topology.queue(queue);
    const maxLength = declared?.policy.maxLength;
    if (declared === undefined || maxLength === undefined) return this.#link.store.put(queue, messages);
    return declared.policy.overflow === 'reject-publish'
      ? this.#putWithin(queue, messages, maxLength)
      : this.#putAndDrop(queue, messages, declared, maxLength);
  }

  async #putWithin(
    queue: string,
    messages: readonly OutgoingMessage[],
    maxLength: number,
  ): Promise<readonly PutFailure[]> {
    const room = Math.max(0, maxLength - (await this.#link.store.size(queue)));
    const failures = room > 0 ? await this.#link.store.put(queue, messages.slice(0, room)) : undefined;
    const refused: PutFailure[] = [];
    for (let index = room; index < messages.length; index++) {
      const error = new MessageNackedError(
        `The queue ${JSON.stringify(queue)} is full: it holds x-max-length ${maxLength} messages and refuses more`,
      );
      refused.push({ index, error });
    }
    return [...(failures ?? []), ...refused];
  }

  async #putAndDrop(
    queue: string,
    messages: readonly OutgoingMessage[],
    declared: DeclaredQueue,
    maxLength: number,
  ): Promise<void | readonly PutFailure[]> {
    const failures = await this.#link.store.put(queue, messages);
    try {
      await this.#dropSurplus(queue, declared, maxLength);
    } catch (cause) {
      // The messages are in the queue: their publishers have to hear just that.
      const error = this.#link.explain(cause, `Keeping to the x-max-length of the queue ${JSON.stringify(queue)}`);
      this.#link.logger.error(`${error.message}; it is tried again with the next publish`, { error });
    }
    return failures;
  }

  async #dropSurplus(queue: string, declared: DeclaredQueue, maxLength: number): Promise<void> {
    const { store, ended } = this.#link;
    const surplus = (await store.size(queue)) - maxLength;
    if (surplus <= 0) return;
    const oldest = await store.get(queue, { max: surplus, waitMs: 0, noAck: false, signal: ended });
    const dropped = Promise.all(oldest.map((message) => this.#drop(queue, message, declared)));
    // A dead letter may lead back to this very queue, whose next batch waits for this one.
    if (declared.policy.deadLetterExchange === undefined) await dropped;
    else void dropped;
  }

  async #drop(queue: string, stored: StoredMessage<unknown>, declared: DeclaredQueue): Promise<void> {
    try {
      await this.#settler().discard({ ...readEnvelope(stored.payload), queue }, stored.receipt, declared, 'maxlen');
    } catch (error) {
      this.#link.logger.error(
        `A message beyond the x-max-length of the queue ${JSON.stringify(queue)} could not be removed; it comes back when its lease ends`,
        { error },
      );
    }
  }
}
