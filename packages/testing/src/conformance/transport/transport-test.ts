import assert from 'node:assert/strict';
import type { ErrorCode, Logger, QueueDeclaration, Target, Transport } from '@kombu/core/spi';
import { KombuError } from '@kombu/core/spi';
import type { Case } from '../case.ts';
import type { CaseTime } from '../case-time.ts';
import { StallableClock } from '../stallable-clock.ts';
import { TestBase } from '../test-base.ts';
import type { TestChannel } from './test-channel.ts';
import { TestConnection } from './test-connection.ts';
import { targetOf } from './target.ts';
import type { TransportHarnessOptions } from './transport-harness.ts';

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/** A rule of the level-1 SPI. */
export type TransportCase = Case<TransportTest>;

/** The context of a transport case: connections, names and time. Everything opened or declared through it goes with it. */
export class TransportTest extends TestBase {
  readonly transport: Transport;
  readonly target: Target;
  readonly options: TransportHarnessOptions;
  readonly #connections: TestConnection[] = [];
  readonly #queues = new Map<string, Partial<QueueDeclaration>>();
  readonly #exchanges = new Set<string>();
  #first: Promise<TestConnection> | undefined;
  #unblock: (() => Promise<void>) | undefined;

  constructor(options: TransportHarnessOptions, transport: Transport, time: CaseTime) {
    super(options, transport.capabilities, time);
    this.options = options;
    this.transport = transport;
    this.target = this.#targetOf(urlOf(options) ?? `${transport.schemes[0]}://`);
  }

  /** Another connection; without `url` to the harness's broker. */
  async connect(how: { readonly signal?: AbortSignal; readonly url?: string } = {}): Promise<TestConnection> {
    const clock = new StallableClock(this.time.clock);
    const signal = how.signal ?? new AbortController().signal;
    const target = how.url === undefined ? this.target : this.#targetOf(how.url);
    const attempt = this.transport.connect(target, { logger: silent, clock, random: Math.random, signal });
    try {
      const connection = new TestConnection(this, await this.wait(attempt, 'connect()'), clock);
      this.#connections.push(connection);
      return connection;
    } catch (error) {
      // Should it come after all, nobody wants it.
      void attempt.then((late) => late.close()).catch(() => undefined);
      throw error;
    }
  }

  /** A new channel on the case's first connection. */
  async channel(): Promise<TestChannel> {
    this.#first ??= this.connect();
    return (await this.#first).channel();
  }

  /** Declares a queue with a name of its own. */
  async queue(channel: TestChannel, options: Partial<QueueDeclaration> = {}): Promise<string> {
    const name = options.name ?? this.name('queue');
    this.#queues.set(name, options);
    await channel.declareQueue(name, options);
    return name;
  }

  /**
   * A channel of another connection, which declared the queue as its owner did: where bindings and limits are not shared, a
   * connection knows of queues only what it declared itself.
   */
  async reader(queue: string): Promise<TestChannel> {
    const channel = await this.channel();
    await channel.declareQueue(queue, this.#queues.get(queue));
    return channel;
  }

  /** Declares an exchange with a name of its own. */
  async exchange(
    channel: TestChannel,
    type: string,
    options: { readonly arguments?: object; readonly autoDelete?: boolean } = {},
  ): Promise<string> {
    const name = this.name(type);
    this.#exchanges.add(name);
    await channel.declareExchange(name, type, { ...options, arguments: { ...options.arguments } });
    return name;
  }

  /** Has the broker take no publishes; for cases that require `harness:blockPublishers`. Ends with the case at the latest. */
  async blockPublishers(): Promise<() => Promise<void>> {
    const { blockPublishers } = this.options;
    assert.ok(blockPublishers, 'the harness has blockPublishers');
    const unblock = await this.wait(blockPublishers(), 'blockPublishers()');
    let unblocking: Promise<void> | undefined;
    this.#unblock = () => (unblocking ??= this.wait(unblock(), 'the end of blockPublishers()'));
    return this.#unblock;
  }

  /** Puts a text into a queue as a foreign producer would; for cases that require `harness:putRaw`. */
  async putRaw(queue: string, payload: string): Promise<void> {
    assert.ok(this.options.putRaw, 'the harness has putRaw');
    await this.options.putRaw(queue, payload);
  }

  /** Names something for the clean-up that the case declares by itself. */
  willDeclare(kind: 'queue' | 'exchange', name: string): string {
    if (kind === 'queue') this.#queues.set(name, {});
    else this.#exchanges.add(name);
    return name;
  }

  /** What an error means: its own code, or what the transport's `classify` says about it. */
  codeOf(error: unknown): ErrorCode {
    return error instanceof KombuError ? error.code : this.transport.classify(error);
  }

  /** Fails unless the promise rejects with one of these codes. */
  async rejects(promise: Promise<unknown>, codes: ErrorCode | readonly ErrorCode[], what: string): Promise<void> {
    const wanted = typeof codes === 'string' ? [codes] : codes;
    const outcome = await this.wait(
      promise.then(
        (value) => ({ value }),
        (error: unknown) => ({ error }),
      ),
      what,
    );
    if (!('error' in outcome)) assert.fail(`${what} should reject with ${wanted.join(' or ')}, but resolved`);
    const code = this.codeOf(outcome.error);
    if (!wanted.includes(code)) {
      assert.fail(`${what} should reject with ${wanted.join(' or ')}, but with ${code}: ${String(outcome.error)}`);
    }
  }

  /** The number of timers that the system under test has left, where it is known. */
  get pendingTimers(): number | undefined {
    return this.time.pending?.();
  }

  /** Closes all connections; then deletes what was declared, over a fresh one. */
  async cleanUp(): Promise<void> {
    await this.#unblock?.();
    const closed = await Promise.allSettled(this.#connections.map((connection) => connection.close()));
    if (this.#queues.size + this.#exchanges.size > 0) await this.#deleteAll();
    for (const result of closed) if (result.status === 'rejected') throw result.reason;
    for (const { faults } of this.#connections) assert.deepEqual(faults, [], 'the closed promise must not reject');
  }

  #targetOf(url: string): Target {
    return targetOf(this.transport, url, this.options.transportOptions ?? {});
  }

  async #deleteAll(): Promise<void> {
    const connection = await this.connect();
    let channel = await connection.channel();
    const attempt = async (remove: () => Promise<unknown>): Promise<void> => {
      try {
        await remove();
      } catch {
        // Gone already, or the case itself failed; the refusal may have cost the channel.
        channel = await connection.channel();
      }
    };
    for (const name of this.#queues.keys()) await attempt(() => channel.deleteQueue(name));
    for (const name of this.#exchanges) await attempt(() => channel.deleteExchange(name));
    await connection.close();
  }
}

function urlOf({ url }: TransportHarnessOptions): string | undefined {
  return typeof url === 'function' ? url() : url;
}
