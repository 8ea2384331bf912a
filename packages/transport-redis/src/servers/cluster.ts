import { ConnectionError, type ClockTimer } from '@kombu/core/spi';
import type { Argument } from '../client.ts';
import type { Script } from '../scripts/script.ts';
import { nameOf, type HostAddress } from './addresses.ts';
import { dialBlocking } from './dial-blocking.ts';
import { keySlot } from './key-slot.ts';
import type { NodeParts, RedisNode } from './node.ts';
import { openNode } from './open-node.ts';
import { readRedirect } from './redirect.ts';
import { messageOf } from './reply-error.ts';
import type { BlockingConnection, Command, Servers } from './servers.ts';
import { SlotMap } from './slot-map.ts';

/** How often a command is sent on before it counts as failed. */
const maxHops = 40;
/** How long to wait when the keys of a command are just being moved, in milliseconds. */
const laterMs = 50;
/** How often the map is compared with the servers' at least, in milliseconds: what waits at a server that lost its slot is deaf. */
const mapAgeMs = 5000;

/** Sends a command to one member. @param isAsking It is about a slot that the member is still getting. */
type Send = (node: RedisNode, isAsking: boolean) => Promise<unknown>;

/** The masters of a cluster, a pair of connections to each that is needed. When one breaks, the link is over. */
export class Cluster implements Servers {
  /** Any member that answers tells of all others. */
  static async open(seeds: readonly HostAddress[], parts: NodeParts, signal: AbortSignal): Promise<Cluster> {
    const reasons: string[] = [];
    for (const seed of seeds) {
      try {
        const home = await openNode(seed, true, parts, signal);
        return await new Cluster(seed, home, parts).#begin();
      } catch (error) {
        signal.throwIfAborted();
        if (seeds.length === 1) throw error;
        reasons.push(`${nameOf(seed)}: ${messageOf(error)}`);
      }
    }
    throw new ConnectionError(`No member of the cluster can be reached (${reasons.join('; ')})`, {
      code: 'CONNECTION_FAILED',
    });
  }

  readonly closed: Promise<Error | undefined>;
  readonly #homeAddress: HostAddress;
  readonly #home: RedisNode;
  readonly #parts: NodeParts;
  readonly #map = new SlotMap();
  readonly #opening = new Map<string, Promise<RedisNode>>();
  readonly #open = new Map<string, RedisNode>();
  readonly #over = new AbortController();
  #timer: ClockTimer | undefined;
  #refreshing: Promise<void> | undefined;
  #end!: (error: Error | undefined) => void;

  private constructor(address: HostAddress, home: RedisNode, parts: NodeParts) {
    this.closed = new Promise((resolve) => (this.#end = resolve));
    this.#homeAddress = address;
    this.#home = home;
    this.#parts = parts;
    this.#adopt(address, home);
  }

  get tracks(): boolean {
    return this.#home.tracks;
  }

  call({ name, key, args, binary }: Command): Promise<unknown> {
    return this.#send(key, (node) => node.call(name, args, binary));
  }

  run(script: Script, keys: readonly string[], args: readonly Argument[], binary?: boolean): Promise<unknown> {
    return this.#send(keys[0] as string, (node, isAsking) =>
      // The permission to ask is for one command only: there is no second try with the text of the script.
      isAsking
        ? node.call('EVAL', [script.lua, keys.length, ...keys, ...args], binary)
        : node.run(script, keys, args, binary),
    );
  }

  /** What is published anywhere is told everywhere. */
  subscribe(patterns: readonly string[]): Promise<void> {
    return this.#home.subscribe(patterns);
  }

  unsubscribe(patterns: readonly string[]): Promise<void> {
    return this.#home.unsubscribe(patterns);
  }

  dial(key: string): Promise<BlockingConnection> {
    return dialBlocking(this.#map.masterOf(keySlot(key)) ?? this.#homeAddress, this.#parts, this.#over.signal);
  }

  async close(): Promise<void> {
    this.#stop(undefined);
    await Promise.allSettled(Array.from(this.#opening.values(), async (node) => (await node).close()));
  }

  /** The clients of the members that were needed so far, by `host:port`. */
  unwrap(): unknown {
    return new Map(Array.from(this.#open, ([name, node]) => [name, node.client]));
  }

  async #begin(): Promise<this> {
    try {
      await this.#refresh();
      return this;
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** At once where the server is known and connected, so that commands keep their order. */
  #send(key: string, send: Send): Promise<unknown> {
    const slot = keySlot(key);
    const address = this.#map.masterOf(slot) ?? this.#homeAddress;
    const node = this.#open.get(nameOf(address));
    return node ? this.#follow(slot, address, send, send(node, false)) : this.#sendFirst(slot, address, send);
  }

  async #sendFirst(slot: number, address: HostAddress, send: Send): Promise<unknown> {
    const node = await this.#member(address);
    return this.#follow(slot, address, send, send(node, false));
  }

  /** To wherever the answers point. */
  async #follow(slot: number, first: HostAddress, send: Send, answer: Promise<unknown>): Promise<unknown> {
    let [address, reply] = [first, answer];
    for (let hop = 1; ; hop++) {
      try {
        return await reply;
      } catch (error) {
        const redirect = readRedirect(error, address);
        if (!redirect || hop === maxHops || this.#over.signal.aborted) throw error;
        if (redirect.kind === 'later') await this.#pause();
        else address = redirect.address;
        if (redirect.kind === 'moved') this.#moved(slot, address);
        reply = this.#sendTo(await this.#member(address), send, redirect.kind === 'ask');
      }
    }
  }

  #sendTo(node: RedisNode, send: Send, isAsking: boolean): Promise<unknown> {
    if (!isAsking) return send(node, false);
    const permission = node.call('ASKING', []);
    return Promise.all([send(node, true), permission]).then(([reply]) => reply);
  }

  #member(address: HostAddress): Promise<RedisNode> {
    const name = nameOf(address);
    let member = this.#opening.get(name);
    if (!member) {
      member = openNode(address, true, this.#parts, this.#over.signal);
      this.#opening.set(name, member);
      member.then(
        (node) => this.#adopt(address, node),
        () => this.#opening.delete(name),
      );
    }
    return member;
  }

  #adopt(address: HostAddress, node: RedisNode): void {
    this.#opening.set(nameOf(address), Promise.resolve(node));
    this.#open.set(nameOf(address), node);
    void node.closed.then((error) => this.#stop(error));
  }

  #moved(slot: number, address: HostAddress): void {
    this.#map.move(slot, address);
    // One slot seldom moves alone.
    this.#refresh().catch((error: unknown) => {
      this.#parts.settings.logger.debug('The map of the cluster could not be read; trying again', { error });
    });
    this.#parts.events.invalidated(undefined);
  }

  #refresh(): Promise<void> {
    this.#refreshing ??= this.#readMap().finally(() => {
      this.#refreshing = undefined;
      this.#rest();
    });
    return this.#refreshing;
  }

  async #readMap(): Promise<void> {
    const isNew = this.#map.learn(await this.#home.call('CLUSTER', ['SLOTS']), this.#homeAddress);
    // Whoever waits has to look again, at the server that has the slot now.
    if (isNew) this.#parts.events.invalidated(undefined);
  }

  #rest(): void {
    const { clock, options } = this.#parts;
    if (this.#timer) clock.clearTimeout(this.#timer);
    if (this.#over.signal.aborted) return;
    const ms = Math.min(mapAgeMs, options.healthCheckInterval || mapAgeMs);
    this.#timer = clock.setTimeout(() => void this.#refresh().catch(() => undefined), ms);
    this.#timer.unref();
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => void this.#parts.clock.setTimeout(resolve, laterMs));
  }

  #stop(error: Error | undefined): void {
    if (this.#over.signal.aborted) return;
    this.#over.abort();
    if (this.#timer) this.#parts.clock.clearTimeout(this.#timer);
    for (const node of this.#open.values()) void node.close();
    this.#end(error);
  }
}
