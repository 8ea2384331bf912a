import type { Clock, Random } from '../clock.ts';
import type { CompressorRegistry } from '../codec/compression.ts';
import type { CodecLimits } from '../codec/limits.ts';
import type { SerializerRegistry } from '../codec/serializers.ts';
import type { KombuError } from '../errors.ts';
import { ConnectionError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import type { WaitOptions } from '../reliability/deadline.ts';
import { DeadlineTimer } from '../reliability/deadline.ts';
import { Waiters } from '../reliability/waiters.ts';
import type { Capabilities } from '../spi/capabilities.ts';
import type { ReturnedMessage } from '../spi/envelope.ts';
import type { TransportConnection } from '../spi/transport.ts';
import { Channel } from './channel.ts';
import { closedError } from './closed-error.ts';
import type { ConnectionEvents } from './connection-events.ts';
import type { CompleteConnectionOptions } from './connection-options.ts';
import { consumeOn } from './consume-on.ts';
import type { ConsumerOptions, Handler, Queues } from './consumer-options.ts';
import type { Consumer } from './consumer.ts';
import { Control } from './control.ts';
import { Dialler } from './dialler.ts';
import type { Emitter } from './emitter.ts';
import type { Host, HostedChannel, HostedConsumer, HostedProducer, Place } from './host.ts';
import { publishOn } from './publish-on.ts';
import type { PublishOptions, PublishResult } from './publish-options.ts';
import { Supervisor } from './supervisor.ts';
import { wrapError } from './wrap-error.ts';

/** The inside of a connection: wires the supervisor, the control channel, and all that lives on the link. */
export class ConnectionHost implements Host {
  readonly options: CompleteConnectionOptions;
  readonly dialler: Dialler;
  readonly supervisor: Supervisor;
  readonly control: Control;
  readonly events: Emitter<ConnectionEvents>;
  readonly channels: Set<HostedChannel> = new Set();
  readonly consumers: Set<HostedConsumer> = new Set();
  readonly producers: Set<HostedProducer> = new Set();
  readonly deadlines: DeadlineTimer;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly serializers: SerializerRegistry;
  readonly compressors: CompressorRegistry;
  readonly limits: CodecLimits;
  #default: Channel | undefined;
  #blocked: string | undefined;
  #handled = 0;
  readonly #whenUnblocked = new Waiters();
  readonly #whenHandled = new Waiters();

  constructor(options: CompleteConnectionOptions, events: Emitter<ConnectionEvents>) {
    this.options = options;
    this.events = events;
    ({
      clock: this.clock,
      random: this.random,
      logger: this.logger,
      serializers: this.serializers,
      compressors: this.compressors,
      limits: this.limits,
    } = options);
    this.deadlines = new DeadlineTimer(options.clock);
    this.dialler = new Dialler(options);
    this.control = new Control(this);
    this.supervisor = new Supervisor({
      clock: this.clock,
      random: this.random,
      logger: this.logger,
      connectTimeout: options.connectTimeout,
      recovery: options.recovery,
      hosts: () => options.urls.length,
      dial: (signal) => this.dialler.dial(signal),
      switchHost: () => this.dialler.switchHost(),
      converge: (link) => this.control.converge(link),
      stateChanged: (state, error) => this.events.emit('state', { state, error }),
      linkUp: () => {
        for (const channel of this.channels) channel.linkUp();
      },
      linkDown: (error) => this.#linkDown(error),
    });
  }

  get recovers(): boolean {
    return this.options.recovery !== undefined && !this.supervisor.gaveUp;
  }

  get isClosing(): boolean {
    const { state } = this.supervisor.status;
    return state === 'closing' || state === 'closed';
  }

  get link(): TransportConnection | undefined {
    return this.supervisor.status.link;
  }

  get generation(): number {
    return this.supervisor.status.generation;
  }

  get lastError(): Error | undefined {
    return this.supervisor.status.lastError;
  }

  get capabilities(): Capabilities | undefined {
    return this.dialler.transport?.capabilities;
  }

  get blocked(): string | undefined {
    return this.#blocked;
  }

  /** Events handled so far, over all channels. */
  get handledCount(): number {
    return this.#handled;
  }

  ready(wait: WaitOptions, doing: string): Promise<TransportConnection> {
    return this.supervisor.ready(wait, doing);
  }

  dropLink(link: TransportConnection, reason: Error): Promise<void> {
    return this.supervisor.dropLink(link, reason);
  }

  wrap(error: unknown, doing: string): KombuError {
    return wrapError(error, this.dialler.transport, doing, 'CHANNEL_ERROR');
  }

  defaultChannel(): Channel {
    if (!this.#default || this.#default.isClosed) this.#default = new Channel(this);
    return this.#default;
  }

  channelFor(place: Place): Channel {
    return place instanceof Channel ? place : new Channel(this);
  }

  restoreQueue(queue: string): Promise<void> {
    return this.control.restoreQueue(queue);
  }

  queueLeft(queue: string): void {
    if (!this.control.ledger.queue(queue)?.autoDelete) return;
    for (const channel of this.channels) if (channel.consumes(queue)) return;
    this.control.ledger.forgetQueue(queue);
    this.control.declared.clear();
  }

  publish(body: unknown, options: PublishOptions): Promise<PublishResult> {
    return publishOn(this.defaultChannel(), body, options);
  }

  returned(message: ReturnedMessage): void {
    this.events.emit('returned', message);
    this.handled();
  }

  flow(blocked: boolean, reason: string | undefined): void {
    if (blocked === (this.#blocked !== undefined)) return;
    this.#blocked = blocked ? (reason ?? 'no reason given') : undefined;
    this.events.emit('blocked', { blocked, reason });
    if (blocked) this.logger.warn('The broker blocks publishers', { reason });
    else this.#whenUnblocked.wake();
  }

  async unblocked(wait: WaitOptions, doing: string): Promise<void> {
    if (this.#blocked !== undefined) await this.#whenUnblocked.wait(wait, this.clock, doing);
  }

  consumerCancelled(event: ConnectionEvents['consumerCancelled']): void {
    this.events.emit('consumerCancelled', event);
  }

  gap(event: ConnectionEvents['gap']): void {
    this.logger.warn(`The consumer of queue '${event.queue}' was away and may have missed messages`, event);
    this.events.emit('gap', event);
  }

  consumerError(event: ConnectionEvents['consumerError']): void {
    this.events.emit('consumerError', event);
  }

  handled(): void {
    this.#handled += 1;
    if (this.#whenHandled.size > 0) this.#whenHandled.wake();
  }

  consume(
    place: Place,
    queues: Queues,
    handler: Handler,
    options: Omit<ConsumerOptions, 'queues' | 'handler'> & WaitOptions,
  ): Promise<Consumer> {
    return consumeOn(place, queues, handler, options);
  }

  /** Resolves at the next handled event; rejects when the connection closes. */
  async nextHandled(wait: WaitOptions): Promise<void> {
    if (this.supervisor.closeSignal.aborted) throw closedError();
    await this.#whenHandled.wait(wait, this.clock, 'Waiting for an event');
  }

  /** The connection is closed: ends what waits for it. */
  closed(): void {
    this.deadlines.close(closedError('The connection was closed before the broker answered'));
    this.#whenHandled.fail(closedError());
    this.#whenUnblocked.fail(closedError());
  }

  #linkDown(error: Error | undefined): void {
    const reason = error ?? new ConnectionError('The connection to the broker was lost');
    // What a dead link blocked, the next one may allow.
    this.flow(false, undefined);
    for (const channel of this.channels) channel.linkLost(reason);
  }
}
