import type { Argument } from '../client.ts';
import type { Script } from '../scripts/script.ts';

/** A command, and the key that says which server it is for. */
export interface Command {
  readonly name: string;
  readonly key: string;
  /** All arguments, the key included. */
  readonly args: readonly Argument[];
  /** The reply comes as bytes instead of text. */
  readonly binary?: boolean;
}

/** What happens at the servers without being asked for. The callbacks never throw. */
export interface ServerEvents {
  /** These keys were changed since they were read; undefined: any may have been. */
  invalidated(keys: readonly Buffer[] | undefined): void;
  /** All keys of a database were removed, of ours or of another one. */
  flushed(): void;
  /** Something was published on a channel that a pattern of ours fits. */
  published(pattern: string, payload: string): void;
}

/** The link to Redis, whether it is one server, the master of sentinels, or the masters of a cluster. */
export interface Servers {
  /** Resolves when the link is gone: with the reason, or with undefined after `close`. */
  readonly closed: Promise<Error | undefined>;
  /** Keys that were read are remembered by the server, and their next change is told once. */
  readonly tracks: boolean;
  call(command: Command): Promise<unknown>;
  /** All keys of a script are in one slot. */
  run(script: Script, keys: readonly string[], args: readonly Argument[], binary?: boolean): Promise<unknown>;
  /** From now on, what is published on channels of these patterns is told. */
  subscribe(patterns: readonly string[]): Promise<void>;
  unsubscribe(patterns: readonly string[]): Promise<void>;
  /** Another connection to the server that has this key, for commands that block. */
  dial(key: string): Promise<BlockingConnection>;
  close(): Promise<void>;
  /** The clients of ioredis. */
  unwrap(): unknown;
}

export interface BlockingConnection {
  call(command: string, args: readonly Argument[]): Promise<unknown>;
  close(): void;
}
