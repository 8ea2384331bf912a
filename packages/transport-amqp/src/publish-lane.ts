import type { Clock, Envelope, Logger, PublishWaiter, ReturnedMessage, Route } from '@kombu/core/spi';
import type { Channel } from 'amqplib';
import type { InnerChannel } from './client.ts';
import { Confirms } from './confirms.ts';
import type { Publish } from './confirms.ts';
import { closeChannel } from './close-channel.ts';
import { closedError, judge, lost } from './publish-failures.ts';
import { settledWithin } from './settled-within.ts';
import type { AmqpSocket } from './socket.ts';
import { politeMs } from './socket.ts';
import { ContentReader } from './wire/content-reader.ts';
import type { ContentSink, ReturnFields } from './wire/content-reader.ts';
import { envelopeOrError } from './delivery.ts';
import { PublishWriter } from './wire/publish-writer.ts';

/** What a lane needs of its channel. */
export interface LaneOwner {
  readonly clock: Clock;
  readonly logger: Logger;
  publishingSocket(): Promise<AmqpSocket>;
  returned(message: ReturnedMessage): void;
}

/** A lane's channel of AMQP, for as long as it lives. */
interface OpenLane {
  readonly socket: AmqpSocket;
  readonly channel: Channel & InnerChannel;
  readonly writer: PublishWriter;
  readonly confirms: Confirms;
}

/**
 * Publishes on an AMQP channel of its own, opened with the first message. The broker closes that channel for a message it
 * refuses; the messages behind it go out again on the next one, for the broker has not looked at them.
 */
export class PublishLane implements ContentSink {
  readonly #owner: LaneOwner;
  /** Does the broker confirm? Otherwise a message is done when it has left the process. */
  readonly #isConfirmed: boolean;
  #open: OpenLane | undefined;
  #opening: Promise<void> | undefined;
  /** Messages that wait for the channel to open. The window of their producer bounds them. */
  #waiting: Publish[] = [];
  #closed: Promise<void> | undefined;

  constructor(owner: LaneOwner, isConfirmed: boolean) {
    this.#owner = owner;
    this.#isConfirmed = isConfirmed;
  }

  publish(envelope: Envelope, route: Route, waiter: PublishWaiter): void {
    if (this.#closed) return waiter.failed(closedError('The channel'));
    const publish: Publish = { envelope, route, waiter, flushes: 0, isReturned: false };
    if (this.#open) return this.#send(this.#open, publish);
    this.#waiting.push(publish);
    this.#opening ??= this.#openChannel();
  }

  /** Sends what was handed over and waits a little for answers. What has none by then is uncertain. Idempotent, never rejects. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  /** For the reader: the broker's word on one message or several. */
  confirmed(tag: number, multiple: boolean, isTaken: boolean): void {
    this.#open?.confirms.settle(tag, multiple, isTaken);
  }

  /** For the reader: a mandatory message that no queue wants. */
  returned(fields: ReturnFields, header: Buffer, body: Buffer): void {
    const open = this.#open;
    if (!open) return;
    const { envelope } = envelopeOrError(header, body, open.socket.texts);
    if (this.#isConfirmed && open.confirms.markReturned(fields, envelope)) return;
    this.#owner.returned({ ...fields, envelope });
  }

  #send(open: OpenLane, publish: Publish): void {
    const { socket, writer, confirms } = open;
    try {
      writer.write(socket.out, publish.envelope, publish.route);
    } catch (error) {
      return publish.waiter.failed(error);
    }
    publish.flushes = socket.flushes;
    if (this.#isConfirmed) confirms.add(publish);
    else socket.onWritten(new SentPublish(publish.waiter));
    socket.flushSoon();
  }

  async #openChannel(): Promise<void> {
    try {
      const socket = await this.#owner.publishingSocket();
      const channel = await socket.openChannel({ confirms: this.#isConfirmed });
      socket.attach(channel, new ContentReader(this, socket.texts));
      const writer = new PublishWriter(channel.ch, socket.frameMax);
      this.#start({ socket, channel, writer, confirms: new Confirms() });
    } catch (error) {
      for (const { waiter } of this.#takeWaiting()) waiter.failed(error);
    } finally {
      this.#opening = undefined;
    }
  }

  #start(open: OpenLane): void {
    let refusal: Error | undefined;
    open.channel.on('error', (error) => {
      refusal = error;
    });
    open.channel.on('close', () => this.#ended(open, refusal));
    this.#open = open;
    for (const publish of this.#takeWaiting()) this.#send(open, publish);
  }

  #takeWaiting(): Publish[] {
    const waiting = this.#waiting;
    this.#waiting = [];
    return waiting;
  }

  /** The channel is gone: refused by the broker, or with its socket. */
  #ended(open: OpenLane, refusal: Error | undefined): void {
    if (this.#open === open) this.#open = undefined;
    const left = open.confirms.takeAll();
    if (refusal) this.#refused(refusal, left);
    else void open.socket.closed.then((reason) => this.#lost(open.socket, reason, left));
  }

  #refused(refusal: Error, left: readonly Publish[]): void {
    const { logger } = this.#owner;
    if (!this.#isConfirmed) logger.warn('RabbitMQ refused a message that nobody waited for', { error: refusal });
    const { failed, untouched } = judge(refusal, left);
    for (const { publish, error } of failed) publish.waiter.failed(error);
    if (this.#closed) for (const { waiter } of untouched) waiter.failed(closedError('The channel'));
    else for (const { envelope, route, waiter } of untouched) this.publish(envelope, route, waiter);
  }

  #lost(socket: AmqpSocket, reason: Error | undefined, left: readonly Publish[]): void {
    const why = reason ?? closedError('The connection');
    for (const { waiter, flushes } of left) waiter.failed(lost(why, flushes < socket.flushes));
  }

  async #close(): Promise<void> {
    if (await settledWithin(this.#finish(), politeMs, this.#owner.clock)) return;
    for (const { waiter } of this.#takeWaiting()) waiter.failed(closedError('The channel'));
    for (const { waiter } of this.#open?.confirms.takeAll() ?? [])
      waiter.failed(lost(closedError('The channel'), true));
  }

  /** What was handed over goes out and is answered. */
  async #finish(): Promise<void> {
    await this.#opening;
    const open = this.#open;
    if (!open) return;
    open.socket.flush();
    await open.confirms.empty();
    await closeChannel(open.channel, this.#owner.clock);
  }
}

/** A message without confirm: done when it has left the process. */
class SentPublish {
  readonly #waiter: PublishWaiter;

  constructor(waiter: PublishWaiter) {
    this.#waiter = waiter;
  }

  written(): void {
    this.#waiter.published('sent');
  }

  lost(error: Error): void {
    this.#waiter.failed(lost(error, true));
  }
}
