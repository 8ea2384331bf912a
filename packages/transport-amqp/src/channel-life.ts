import { ChannelError, ConnectionError } from '@kombu/core/spi';
import type { Channel } from 'amqplib';
import type { InnerChannel } from './client.ts';
import { isEnd } from './is-end.ts';
import type { AmqpSocket } from './socket.ts';

/** A channel of amqplib from its opening to its end, and what its calls are told about that end. */
export class ChannelLife {
  readonly inner: Channel & InnerChannel;
  readonly socket: AmqpSocket;
  /** Resolves once: with what ended the channel, or with undefined when its owner closed it. */
  readonly ended: Promise<Error | undefined>;
  #isOver = false;
  #isClosing = false;

  constructor(inner: Channel & InnerChannel, socket: AmqpSocket) {
    this.inner = inner;
    this.socket = socket;
    this.ended = new Promise((resolve) => {
      let refusal: Error | undefined;
      inner.on('error', (error) => {
        refusal = error;
      });
      inner.on('close', () => {
        this.#isOver = true;
        if (this.#isClosing) resolve(undefined);
        else if (refusal) resolve(refusal);
        else void socket.closed.then(resolve);
      });
    });
  }

  get isOver(): boolean {
    return this.#isOver || this.#isClosing;
  }

  /** From now on the end is not an error. */
  startClosing(): void {
    this.#isClosing = true;
  }

  /**
   * Runs an operation. Rejects with the broker's refusal when the operation itself is to blame, and with an error that says
   * what happened when the channel ended under it.
   */
  async call<T>(operation: (inner: Channel & InnerChannel) => Promise<T>): Promise<T> {
    if (this.isOver) throw await this.whyOver();
    try {
      return await operation(this.inner);
    } catch (error) {
      throw isEnd(error) ? await this.whyOver() : error;
    }
  }

  /** What to tell those who use a channel that is over, or will be in a moment. */
  async whyOver(): Promise<Error> {
    if (this.#isClosing) return new ConnectionError('The channel is closed', { code: 'CLOSED' });
    const reason = await this.ended;
    if (!reason) return new ConnectionError('The connection is closed', { code: 'CLOSED' });
    const { message } = reason;
    return this.socket.isOver
      ? new ConnectionError(`The connection to RabbitMQ broke: ${message}`, { cause: reason })
      : new ChannelError(`RabbitMQ closed the channel: ${message}`, { cause: reason });
  }
}
