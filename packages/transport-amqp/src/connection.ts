import type { ChannelEvents, Clock, Logger, TransportChannel, TransportConnection } from '@kombu/core/spi';
import { ConnectionError } from '@kombu/core/spi';
import type { ChannelModel } from 'amqplib';
import { AmqpChannel } from './channel.ts';
import { ChannelLife } from './channel-life.ts';
import { DelayedDelivery } from './delayed-delivery.ts';
import { FleetingQueues } from './fleeting-queues.ts';
import type { AmqpOptions } from './options.ts';
import type { AmqpSocket } from './socket.ts';

/** How long the second socket may take to open, in milliseconds. */
const dialMs = 10_000;

/** What `connection.unwrap()` answers: the connections of amqplib. */
export interface AmqpConnections {
  /** Declares, consumes, settles. */
  readonly consuming: ChannelModel;
  /** Publishes; undefined before the first message. */
  readonly publishing: ChannelModel | undefined;
}

/** What a connection is made of. */
export interface ConnectionParts {
  readonly options: AmqpOptions;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Opens a socket to the broker. */
  dial(signal: AbortSignal): Promise<AmqpSocket>;
}

/**
 * A link to RabbitMQ of two sockets. A broker short of memory stops reading from those who publish; acks must not wait behind
 * their messages. The second socket is opened with the first message; the end of either is the end of both.
 */
export class AmqpConnection implements TransportConnection {
  readonly closed: Promise<Error | undefined>;
  readonly #parts: ConnectionParts;
  readonly #consuming: AmqpSocket;
  readonly #channels = new Set<AmqpChannel>();
  readonly #delayed: DelayedDelivery;
  readonly #fleeting = new FleetingQueues();
  #publishing: AmqpSocket | undefined;
  #dialling: Promise<AmqpSocket> | undefined;
  readonly #giveUp = new AbortController();
  #blocked: string | undefined;
  #closing: Promise<void> | undefined;
  #end!: (reason: Error | undefined) => void;

  constructor(consuming: AmqpSocket, parts: ConnectionParts) {
    this.#parts = parts;
    this.#consuming = consuming;
    this.#delayed = new DelayedDelivery(parts.options, parts.clock, () => this.#openLife());
    this.closed = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.#watch(consuming);
  }

  async openChannel(events: ChannelEvents): Promise<TransportChannel> {
    const { options, clock, logger } = this.#parts;
    const channel = new AmqpChannel(await this.#openLife(), events, {
      options,
      clock,
      logger,
      delayed: this.#delayed,
      fleeting: this.#fleeting,
      publishingSocket: () => this.#publishingSocket(),
    });
    this.#channels.add(channel);
    void channel.ended.then(() => this.#channels.delete(channel));
    if (this.#blocked !== undefined) channel.flow(true, this.#blocked);
    return channel;
  }

  /** Channels first, so that the acks they sent are certainly taken. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  unwrap(): AmqpConnections {
    return { consuming: this.#consuming.model, publishing: this.#publishing?.model };
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#channels].map((channel) => channel.close()));
    this.#giveUp.abort(new ConnectionError('The connection is closed', { code: 'CLOSED' }));
    await this.#dialling?.catch(() => {});
    await Promise.all([this.#consuming.close(), this.#publishing?.close()]);
    this.#end(undefined);
  }

  async #openLife(): Promise<ChannelLife> {
    if (this.#closing) throw new ConnectionError('The connection is closed', { code: 'CLOSED' });
    return new ChannelLife(await this.#consuming.openChannel({ confirms: false }), this.#consuming);
  }

  #publishingSocket(): Promise<AmqpSocket> {
    if (this.#publishing) return Promise.resolve(this.#publishing);
    this.#dialling ??= this.#dial().finally(() => {
      this.#dialling = undefined;
    });
    return this.#dialling;
  }

  async #dial(): Promise<AmqpSocket> {
    const { clock } = this.#parts;
    const attempt = new AbortController();
    const abort = (): void => attempt.abort(this.#giveUp.signal.reason);
    const late = new ConnectionError(`No socket to publish could be opened within ${dialMs} ms`, {
      code: 'CONNECTION_FAILED',
    });
    const timer = clock.setTimeout(() => attempt.abort(late), dialMs);
    this.#giveUp.signal.addEventListener('abort', abort, { once: true });
    try {
      this.#giveUp.signal.throwIfAborted();
      const socket = await this.#parts.dial(attempt.signal);
      const { aborted, reason } = attempt.signal;
      // At the last moment: nobody else would close it.
      if (aborted) socket.destroy(reason as Error);
      attempt.signal.throwIfAborted();
      this.#publishing = socket;
      this.#watch(socket);
      return socket;
    } finally {
      clock.clearTimeout(timer);
      this.#giveUp.signal.removeEventListener('abort', abort);
    }
  }

  #watch(socket: AmqpSocket): void {
    socket.model.on('blocked', (reason) => this.#flow(reason));
    socket.model.on('unblocked', () => this.#flow(undefined));
    void socket.closed.then((reason) => this.#lost(reason));
  }

  #flow(blocked: string | undefined): void {
    const isChange = (blocked === undefined) !== (this.#blocked === undefined);
    this.#blocked = blocked;
    if (isChange) for (const channel of this.#channels) channel.flow(blocked !== undefined, blocked);
  }

  /** One socket is gone: the other goes too. */
  #lost(reason: Error | undefined): void {
    if (this.#closing) return;
    const why = reason ?? new ConnectionError('The connection to RabbitMQ was lost');
    this.#giveUp.abort(why);
    for (const socket of [this.#consuming, this.#publishing]) socket?.destroy(why);
    this.#end(why);
  }
}
