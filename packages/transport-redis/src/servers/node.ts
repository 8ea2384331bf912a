import type { Clock } from '@kombu/core/spi';
import type { Argument, RedisClient } from '../client.ts';
import type { RedisOptions } from '../options.ts';
import type { Script } from '../scripts/script.ts';
import { dial, type Address, type Dialled, type DialSettings } from './dial.ts';
import { Probe } from './probe.ts';
import { isReplyError, messageOf, withoutArguments } from './reply-error.ts';
import type { ServerEvents } from './servers.ts';

/** What it takes to open a {@link RedisNode}. */
export interface NodeParts {
  readonly settings: DialSettings;
  readonly options: RedisOptions;
  readonly clock: Clock;
  readonly events: ServerEvents;
}

const invalidations = '__redis__:invalidate';

/** One server, over a pair of connections: one for commands, one for what the server says by itself. Neither is mended. */
export class RedisNode {
  /** Connects both. Rejects when either fails, with nothing left open. */
  static async connect(address: Address, parts: NodeParts, signal: AbortSignal): Promise<RedisNode> {
    const both = [dial(address, parts.settings, signal), dial(address, parts.settings, signal)] as const;
    const [commands, events] = await Promise.allSettled(both);
    if (commands.status === 'fulfilled' && events.status === 'fulfilled') {
      return new RedisNode(parts, commands.value, events.value);
    }
    for (const result of [commands, events]) if (result.status === 'fulfilled') result.value.client.disconnect();
    throw (commands.status === 'rejected' ? commands : (events as PromiseRejectedResult)).reason;
  }

  readonly closed: Promise<Error | undefined>;
  readonly #parts: NodeParts;
  readonly #commands: RedisClient;
  readonly #events: RedisClient;
  readonly #gone: Promise<unknown>;
  readonly #probe: Probe;
  #tracks = false;
  #over = false;
  #end!: (error: Error | undefined) => void;

  private constructor(parts: NodeParts, commands: Dialled, events: Dialled) {
    this.#parts = parts;
    this.#commands = commands.client;
    this.#events = events.client;
    this.closed = new Promise((resolve) => (this.#end = resolve));
    this.#gone = Promise.all([commands.ended, events.ended]);
    for (const { ended } of [commands, events]) {
      void ended.then((error) => this.fail(error ?? new Error('Connection is closed.')));
    }
    this.#probe = new Probe([this.#commands, this.#events], parts, (error) => this.fail(error));
  }

  /** The server tells of changes to keys that were read. */
  get tracks(): boolean {
    return this.#tracks;
  }

  get client(): RedisClient {
    return this.#commands;
  }

  /** Asks the server to tell of changes to keys, unless that is not wanted. */
  async begin(): Promise<void> {
    const { wakeup } = this.#parts.options;
    this.#listen();
    if (wakeup === 'auto' || wakeup === 'tracking') await this.#track(wakeup === 'tracking');
  }

  async call(command: string, args: readonly Argument[], binary = false): Promise<unknown> {
    try {
      return await (binary ? this.#commands.callBuffer(command, args) : this.#commands.call(command, args));
    } catch (error) {
      throw withoutArguments(error);
    }
  }

  /** Sends the script itself only to a server that does not know it yet. */
  async run(script: Script, keys: readonly string[], args: readonly Argument[], binary = false): Promise<unknown> {
    try {
      return await this.call('EVALSHA', [script.sha, keys.length, ...keys, ...args], binary);
    } catch (error) {
      if (!messageOf(error).startsWith('NOSCRIPT')) throw error;
      return this.call('EVAL', [script.lua, keys.length, ...keys, ...args], binary);
    }
  }

  async subscribe(patterns: readonly string[]): Promise<void> {
    await this.#events.call('psubscribe', patterns).catch((error: unknown) => Promise.reject(withoutArguments(error)));
  }

  async unsubscribe(patterns: readonly string[]): Promise<void> {
    await this.#events
      .call('punsubscribe', patterns)
      .catch((error: unknown) => Promise.reject(withoutArguments(error)));
  }

  /** It is not to be used any more. */
  fail(error: Error): void {
    this.#stop(error);
  }

  async close(): Promise<void> {
    this.#stop(undefined);
    await this.#gone;
  }

  #stop(error: Error | undefined): void {
    if (this.#over) return;
    this.#over = true;
    this.#probe.stop();
    this.#commands.disconnect();
    this.#events.disconnect();
    this.#end(error);
  }

  #listen(): void {
    const { events } = this.#parts;
    this.#events.on('messageBuffer', (channel, message) => {
      if (channel.toString() !== invalidations) return;
      if (Array.isArray(message)) return events.invalidated(message);
      events.invalidated(undefined);
      events.flushed();
    });
    this.#events.on('pmessageBuffer', (pattern, _channel, message) => events.published(pattern, message.toString()));
  }

  /** The number of the connection has to be asked for before it subscribes. */
  async #track(insists: boolean): Promise<void> {
    try {
      const id = await this.#events.call('CLIENT', ['ID']);
      await this.#events.call('subscribe', [invalidations]);
      await this.call('CLIENT', ['TRACKING', 'ON', 'REDIRECT', id as number]);
      this.#tracks = true;
    } catch (error) {
      const isRefused = isReplyError(error) && /^(NOPERM|ERR) /.test(messageOf(error));
      if (insists || !isRefused) throw withoutArguments(error);
      this.#parts.settings.logger.warn(
        'Redis refuses CLIENT TRACKING: consumers wait with blocking commands, each on a connection of its own',
        { error: withoutArguments(error) },
      );
    }
  }
}
