import type { Message } from '../client/message.ts';

/** What a node answered, by its name; for a handler that threw: `{ error: 'TypeError("…")' }`. */
export type Reply = Readonly<Record<string, unknown>>;

/** The arguments of a command, by name. */
export type CommandArguments = Readonly<Record<string, unknown>>;

/** Where the answers to a command go. */
export interface ReplyAddress {
  readonly exchange: string;
  readonly routing_key: string;
}

/** A command as it travels, in the words of `kombu.pidbox`. */
export interface Command {
  readonly method: string;
  readonly arguments: CommandArguments;
  /** The names of nodes; null: all, or those that `pattern` matches. */
  readonly destination: readonly string[] | null;
  readonly pattern: string | null;
  readonly matcher: string | null;
  readonly ticket?: string;
  readonly reply_to?: ReplyAddress;
}

/** What a stranger sent, as far as it is a command; undefined when it is none. */
export function readCommand(body: unknown): Command | undefined {
  if (!isRecord(body) || typeof body['method'] !== 'string') return undefined;
  const { destination, pattern, matcher, ticket } = body;
  const reply = readAddress(body['reply_to']);
  return {
    method: body['method'],
    arguments: isRecord(body['arguments']) ? body['arguments'] : {},
    destination: Array.isArray(destination) ? destination.filter((name) => typeof name === 'string') : null,
    pattern: typeof pattern === 'string' ? pattern : null,
    matcher: typeof matcher === 'string' ? matcher : null,
    ...(typeof ticket === 'string' ? { ticket } : {}),
    ...(reply ? { reply_to: reply } : {}),
  };
}

/** The logical time at which a message was sent; 0 when it does not say. */
export function clockOf({ headers }: Message): number {
  const { clock } = headers;
  return typeof clock === 'number' && Number.isSafeInteger(clock) ? clock : 0;
}

function readAddress(address: unknown): ReplyAddress | undefined {
  if (!isRecord(address)) return undefined;
  const { exchange, routing_key } = address;
  if (typeof exchange !== 'string' || typeof routing_key !== 'string') return undefined;
  return { exchange, routing_key };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
