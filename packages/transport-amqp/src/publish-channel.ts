import type { Channel } from 'amqplib';
import type { Clock, Logger, ReturnedMessage } from '@kombu/core/spi';
import type { InnerChannel } from './client.ts';
import { closeChannel } from './close-channel.ts';
import { Confirms } from './confirms.ts';
import type { Publish } from './confirms.ts';
import { envelopeOrError } from './delivery.ts';
import { closedError, lost } from './publish-failures.ts';
import { settledWithin } from './settled-within.ts';
import type { AmqpSocket, WriteListener } from './socket.ts';
import { politeMs } from './socket.ts';
import { ContentReader } from './wire/content-reader.ts';
import type { ContentSink, ReturnFields } from './wire/content-reader.ts';
import { PublishWriter } from './wire/publish-writer.ts';

/** What publishing needs of its channel. */
export interface PublishOwner {
  readonly clock: Clock;
  readonly logger: Logger;
  publishingSocket(): Promise<AmqpSocket>;
  returned(message: ReturnedMessage): void;
}

/** What a channel for publishing is. */
export interface PublishChannelOptions {
  /** Does the broker confirm? Otherwise a message is done when it has left the process. */
  readonly isConfirmed: boolean;
  /** `refusal`: the broker closed it, and has not answered to what is `left`, oldest first. Otherwise nothing is left. */
  ended(refusal: Error | undefined, left: readonly Publish[]): void;
  /** For a channel that consumes as well. */
  readonly delivered?: ContentSink['delivered'];
}

/** An AMQP channel to publish on, from its opening to its end. */
export class PublishChannel implements ContentSink {
  readonly socket: AmqpSocket;
  readonly inner: Channel & InnerChannel;
  readonly delivered: ContentSink['delivered'];
  readonly #owner: PublishOwner;
  readonly #isConfirmed: boolean;
  readonly #writer: PublishWriter;
  readonly #confirms = new Confirms();

  static async open(owner: PublishOwner, options: PublishChannelOptions): Promise<PublishChannel> {
    const socket = await owner.publishingSocket();
    const inner = await socket.openChannel({ confirms: options.isConfirmed });
    return new PublishChannel(inner, socket, owner, options);
  }

  constructor(inner: Channel & InnerChannel, socket: AmqpSocket, owner: PublishOwner, options: PublishChannelOptions) {
    this.socket = socket;
    this.inner = inner;
    this.delivered = options.delivered;
    this.#owner = owner;
    this.#isConfirmed = options.isConfirmed;
    this.#writer = new PublishWriter(inner.ch, socket.frameMax);
    socket.attach(inner, new ContentReader(this, socket.texts));
    let refusal: Error | undefined;
    inner.on('error', (error) => {
      refusal = error;
    });
    inner.on('close', () => {
      const left = this.#confirms.takeAll();
      if (!refusal) void socket.closed.then((reason) => this.#lost(left, reason));
      options.ended(refusal, refusal ? left : []);
    });
  }

  send(publish: Publish): void {
    const { socket } = this;
    try {
      this.#writer.write(socket.out, publish.envelope, publish.route);
    } catch (error) {
      return publish.waiter.failed(error);
    }
    publish.flushes = socket.flushes;
    if (this.#isConfirmed) this.#confirms.add(publish);
    else socket.onWritten(new SentPublish(publish));
    socket.flushSoon();
  }

  /** For the reader: the broker's word on one message or several. */
  confirmed(tag: number, multiple: boolean, isTaken: boolean): void {
    this.#confirms.settle(tag, multiple, isTaken);
  }

  /** For the reader: a mandatory message that no queue wants. */
  returned(fields: ReturnFields, header: Buffer, body: Buffer): void {
    const { envelope } = envelopeOrError(header, body, this.socket.texts);
    if (this.#isConfirmed && this.#confirms.markReturned(fields, envelope)) return;
    this.#owner.returned({ ...fields, envelope });
  }

  /** Sends what was handed over and waits a little for answers. What has none by then is uncertain. Never rejects. */
  async close(): Promise<void> {
    const { clock } = this.#owner;
    this.socket.flush();
    if (await settledWithin(this.#confirms.empty(), politeMs, clock)) return closeChannel(this.inner, clock);
    for (const { waiter } of this.#confirms.takeAll()) waiter.failed(lost(closedError('The channel'), true));
    void closeChannel(this.inner, clock);
  }

  #lost(left: readonly Publish[], reason = closedError('The connection') as Error): void {
    for (const { waiter, flushes } of left) waiter.failed(lost(reason, flushes < this.socket.flushes));
  }
}

/** A message without confirm: done when it has left the process. */
class SentPublish implements WriteListener {
  readonly #publish: Publish;

  constructor(publish: Publish) {
    this.#publish = publish;
  }

  written(): void {
    this.#publish.waiter.published('sent');
  }

  lost(error: Error): void {
    this.#publish.waiter.failed(lost(error, true));
  }
}
