import type { ChannelEvents, TransportChannel, TransportConnection } from '@kombu/core/spi';
import { ConnectionError, PublishUncertainError } from '@kombu/core/spi';

import { ChannelRelay } from './channel-relay.ts';
import type { FaultScript } from './fault-script.ts';
import type { Gate } from './gate.ts';
import { intercept } from './intercept.ts';

const channelMethods: readonly ChannelMethod[] = [
  'declareExchange',
  'deleteExchange',
  'declareQueue',
  'deleteQueue',
  'purgeQueue',
  'bind',
  'unbind',
  'publish',
  'get',
  'consume',
  'cancel',
  'setPrefetch',
  'ack',
  'reject',
  'recover',
  'close',
];

/** The methods of a channel that faults can strike; those of `publish` strike `publishFor` too. */
export type ChannelMethod = Exclude<keyof TransportChannel, 'publishFor'>;

type PublishFor = NonNullable<TransportChannel['publishFor']>;

/** The methods of a transport, its connections and its channels that faults can strike. */
export type TransportMethod = 'connect' | 'openChannel' | ChannelMethod;

/** The line between the two sides. */
export interface FaultyLine {
  /** Shut: nothing passes, neither calls nor answers nor events. */
  readonly traffic: Gate;
  readonly script: FaultScript<TransportMethod>;
  /** Since when nothing passes, in milliseconds since 1970; `Infinity` while the line is open. */
  readonly silentSince: () => number;
}

/** A live link that can be dropped or held up. One per connect; made by `FaultyTransport`. */
export class FaultyConnection implements TransportConnection {
  readonly closed: Promise<Error | undefined>;
  declare readonly unwrap?: () => unknown;
  readonly #inner: TransportConnection;
  readonly #traffic: Gate;
  readonly #script: FaultScript<TransportMethod>;
  readonly #silentSince: () => number;
  /** How to fail the calls that wait for an answer. */
  readonly #waiting = new Set<(error: Error) => void>();
  readonly #channels = new Set<ChannelRelay>();
  #resolveClosed!: (reason: Error | undefined) => void;
  #ended: Error | undefined;
  #closing: Promise<void> | undefined;

  constructor(inner: TransportConnection, { traffic, script, silentSince }: FaultyLine) {
    this.#inner = inner;
    this.#traffic = traffic;
    this.#script = script;
    this.#silentSince = silentSince;
    this.closed = new Promise((resolve) => (this.#resolveClosed = resolve));
    if (inner.unwrap !== undefined) this.unwrap = () => inner.unwrap?.();
    void this.#watch();
  }

  openChannel(events: ChannelEvents): Promise<TransportChannel> {
    const relay = new ChannelRelay(events, this.#traffic, () => this.#channels.delete(relay));
    return this.#call('openChannel', [events], async () => {
      const channel = await this.#inner.openChannel(relay);
      this.#channels.add(relay);
      // What strikes `publish` strikes its twin.
      const publishFor: PublishFor = (envelope, route, waiter) =>
        void faulty.publish(envelope, route).then(
          (guarantee) => waiter.published(guarantee),
          (error: unknown) => waiter.failed(error),
        );
      const faulty = intercept(
        channel,
        channelMethods,
        (method, args, operation) =>
          method === 'close'
            ? this.#script.run(method, args, () => this.#closeChannel(channel, relay))
            : this.#call(method, args, operation),
        { ...(channel.publishFor && { publishFor }), ...this.#signsOfLife(channel) },
      );
      return faulty;
    }) as Promise<TransportChannel>;
  }

  /** Breaks the link on both sides; resolves when the broker's side has cleaned up. */
  drop(error: Error): Promise<void> {
    this.#end(error);
    return this.#inner.close();
  }

  close(): Promise<void> {
    this.#closing ??= this.#inner.close().finally(() => this.#end(undefined));
    return this.#closing;
  }

  async #watch(): Promise<void> {
    const reason = await this.#inner.closed;
    await this.#traffic.pass();
    this.#end(reason);
  }

  #end(reason: Error | undefined): void {
    if (this.#ended !== undefined) return;
    this.#ended = reason ?? new ConnectionError('The connection was closed', { code: 'CLOSED' });
    for (const fail of this.#waiting) fail(this.#ended);
    for (const channel of this.#channels) channel.end(reason);
    this.#resolveClosed(reason);
  }

  #call(
    method: TransportMethod,
    args: readonly unknown[],
    operation: (args: readonly unknown[]) => Promise<unknown>,
  ): Promise<unknown> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => {
      const fail = (error: Error): void => reject(method === 'publish' ? uncertain(error) : error);
      this.#waiting.add(fail);
      this.#script
        .run(method, args, (current) => this.#travel(() => operation(current)))
        .then(resolve, reject)
        .finally(() => this.#waiting.delete(fail));
    });
  }

  /** There and back again, each way only while the line is open. */
  async #travel(operation: () => Promise<unknown>): Promise<unknown> {
    await this.#traffic.pass();
    if (this.#ended !== undefined) throw this.#ended;
    try {
      return await operation();
    } finally {
      await this.#traffic.pass();
    }
  }

  /** Through a line that is shut nobody hears of the broker. */
  #signsOfLife(channel: TransportChannel): Partial<TransportChannel> {
    if (channel.lastReadAt === undefined) return {};
    const lastReadAt = (tag: string): number | undefined => {
      const readAt = channel.lastReadAt?.(tag);
      return readAt === undefined ? undefined : Math.min(readAt, this.#silentSince());
    };
    return { lastReadAt };
  }

  /** Closing settles in every state, so it does not wait for the line. */
  async #closeChannel(channel: TransportChannel, relay: ChannelRelay): Promise<void> {
    await channel.close();
    relay.end(undefined);
  }
}

function uncertain(cause: Error): Error {
  return new PublishUncertainError('The link broke before the broker answered: the message may or may not be there', {
    cause,
  });
}
