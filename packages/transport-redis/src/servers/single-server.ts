import type { Argument } from '../client.ts';
import type { Script } from '../scripts/script.ts';
import { dialBlocking } from './dial-blocking.ts';
import type { Address } from './dial.ts';
import type { NodeParts, RedisNode } from './node.ts';
import { openNode } from './open-node.ts';
import type { BlockingConnection, Command, Servers } from './servers.ts';

/** Knows when this server is no longer the one to talk to. */
export interface ServerGuard {
  /** Never rejects. */
  watch(failed: (error: Error) => void, signal: AbortSignal): Promise<void>;
}

/** One server that has all keys. */
export class SingleServer implements Servers {
  static async open(
    address: Address,
    parts: NodeParts,
    signal: AbortSignal,
    guard?: ServerGuard,
  ): Promise<SingleServer> {
    const node = await openNode(address, false, parts, signal);
    return new SingleServer(node, address, parts, guard);
  }

  readonly closed: Promise<Error | undefined>;
  readonly #node: RedisNode;
  readonly #address: Address;
  readonly #parts: NodeParts;
  readonly #over = new AbortController();

  private constructor(node: RedisNode, address: Address, parts: NodeParts, guard: ServerGuard | undefined) {
    this.closed = node.closed;
    this.#node = node;
    this.#address = address;
    this.#parts = parts;
    void node.closed.then(() => this.#over.abort());
    void guard?.watch((error) => node.fail(error), this.#over.signal);
  }

  get tracks(): boolean {
    return this.#node.tracks;
  }

  call({ name, args, binary }: Command): Promise<unknown> {
    return this.#node.call(name, args, binary);
  }

  run(script: Script, keys: readonly string[], args: readonly Argument[], binary?: boolean): Promise<unknown> {
    return this.#node.run(script, keys, args, binary);
  }

  subscribe(patterns: readonly string[]): Promise<void> {
    return this.#node.subscribe(patterns);
  }

  unsubscribe(patterns: readonly string[]): Promise<void> {
    return this.#node.unsubscribe(patterns);
  }

  dial(): Promise<BlockingConnection> {
    return dialBlocking(this.#address, this.#parts, this.#over.signal);
  }

  close(): Promise<void> {
    return this.#node.close();
  }

  unwrap(): unknown {
    return this.#node.client;
  }
}
