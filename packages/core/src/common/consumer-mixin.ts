import type { Channel } from '../client/channel.ts';
import type { Connection } from '../client/connection.ts';
import { Consumer } from '../client/consumer.ts';
import type { ConsumerOptions } from '../client/consumer-options.ts';
import type { Message } from '../client/message.ts';
import { AbortedError, ChannelError, ConnectionError, TimeoutError } from '../errors.ts';

/** Makes a consumer of a mixin: on its channel, and with its `onDecodeError`. */
export type ConsumerFactory = <T>(options: ConsumerOptions<T>) => Consumer<T>;

/** A round without an event ends after so many milliseconds. */
const safetyIntervalMs = 1000;
/** The least time from one start to the next, in milliseconds. */
const restartIntervalMs = 1000;

/**
 * A program that consumes until it is stopped: extend it, say which `connection` and which consumers, and call `run`. As
 * `kombu.mixins.ConsumerMixin`, with the same hooks, in camelCase. A broken link is made anew and consumed from again by the
 * connection itself; a channel that cannot be set up is tried again, at most once in a second.
 */
export abstract class ConsumerMixin {
  /** The mixin works on a copy of it. */
  abstract readonly connection: Connection;
  /** How often to try to connect before `run` rejects. @default for ever */
  connectMaxRetries: number | undefined = undefined;
  #shouldStop = false;
  #stopping = new AbortController();

  /** The consumers, made with `Consumer`; started by the mixin. */
  abstract getConsumers(
    Consumer: ConsumerFactory,
    channel: Channel,
  ): readonly Consumer[] | Promise<readonly Consumer[]>;

  /** An attempt to connect failed; the next one comes after `interval` milliseconds. @default a warning in the log */
  onConnectionError(error: Error, interval: number): void {
    this.connection.internals.logger.warn(`The broker cannot be reached: trying again in ${interval} ms`, { error });
  }

  /** There is a link, the first or a new one. */
  onConnectionRevived(): unknown {
    return undefined;
  }

  /** The consumers are started. */
  onConsumeReady(_connection: Connection, _channel: Channel, _consumers: readonly Consumer[]): unknown {
    return undefined;
  }

  /** The consumers are about to be closed. */
  onConsumeEnd(_connection: Connection, _channel: Channel): unknown {
    return undefined;
  }

  /** Before each round: after each event, and at least once in a second. */
  onIteration(): unknown {
    return undefined;
  }

  /** A message cannot be decoded. It has to be settled. @default logged and acked, as in Kombu */
  async onDecodeError(message: Message, error: Error): Promise<void> {
    this.connection.internals.logger.error('A message cannot be decoded and is dropped', { error });
    await message.ack();
  }

  /** Something to hold while consuming, which is disposed of afterwards. */
  extraContext(_connection: Connection, _channel: Channel): AsyncDisposable | undefined {
    return undefined;
  }

  get shouldStop(): boolean {
    return this.#shouldStop;
  }

  /** Setting it is `stop`. */
  set shouldStop(shouldStop: boolean) {
    this.#shouldStop = shouldStop;
    if (shouldStop) this.#stopping.abort();
  }

  /** Ends `run` soon: it closes the consumers first. */
  stop(): void {
    this.shouldStop = true;
  }

  /** Consumes until `stop`. Rejects when it cannot connect, and with what a hook or the set-up threw. */
  async run(): Promise<void> {
    const { clock, logger } = this.connection.internals;
    let startedAt = -Infinity;
    while (!this.shouldStop) {
      await this.#sleep(startedAt + restartIntervalMs - clock.now());
      startedAt = clock.now();
      try {
        await this.#consume();
      } catch (error) {
        if (this.shouldStop && (isBroken(error) || error instanceof AbortedError)) return;
        if (!isBroken(error) || this.connectMaxRetries !== undefined) throw error;
        logger.warn('Consuming broke off, and begins again', { error });
      }
    }
  }

  async #consume(): Promise<void> {
    await using connection = this.connection.clone({
      recovery: { errback: (error, interval) => this.onConnectionError(error, interval) },
    });
    const signal = this.#stopping.signal;
    await connection.ensureConnection(
      {
        errback: (error, interval) => this.onConnectionError(error, interval),
        ...(this.connectMaxRetries === undefined ? {} : { maxRetries: this.connectMaxRetries }),
      },
      { signal },
    );
    await this.onConnectionRevived();
    connection.on('state', ({ state }) => {
      if (state === 'ready') void this.onConnectionRevived();
    });
    const channel = await connection.channel();
    const consumers = await this.getConsumers((options) => this.#consumer(channel, options), channel);
    await using _extra = this.extraContext(connection, channel);
    for (const consumer of consumers) await consumer.consume();
    await this.onConsumeReady(connection, channel, consumers);
    try {
      await this.#rounds(connection);
    } finally {
      await this.onConsumeEnd(connection, channel);
      await Promise.all(consumers.map((consumer) => consumer.close()));
    }
  }

  async #rounds(connection: Connection): Promise<void> {
    while (!this.shouldStop) {
      await this.onIteration();
      try {
        await connection.drainEvents({ timeout: safetyIntervalMs, signal: this.#stopping.signal });
      } catch (error) {
        if (!(error instanceof TimeoutError) && !this.shouldStop) throw error;
      }
    }
  }

  #consumer<T>(channel: Channel, options: ConsumerOptions<T>): Consumer<T> {
    return new Consumer<T>(channel, {
      onDecodeError: (message, error) => this.onDecodeError(message, error),
      ...options,
    });
  }

  /** Until then, or until `stop`. */
  async #sleep(ms: number): Promise<void> {
    if (ms <= 0) return;
    const { clock } = this.connection.internals;
    const { signal } = this.#stopping;
    await new Promise<void>((resolve) => {
      const timer = clock.setTimeout(resolve, ms);
      signal.addEventListener('abort', () => {
        clock.clearTimeout(timer);
        resolve();
      });
    });
  }
}

function isBroken(error: unknown): boolean {
  return error instanceof ConnectionError || error instanceof ChannelError;
}
