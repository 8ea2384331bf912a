import type { HostAddress } from './addresses.ts';
import { messageOf } from './reply-error.ts';

/** What a member of a cluster answers when a key is not, or not only, with it. The command was not carried out. */
export type Redirect =
  | { readonly kind: 'moved' | 'ask'; readonly address: HostAddress }
  /** The keys of the command are being moved, and some are there already. */
  | { readonly kind: 'later' };

/** Undefined for any other error. @param from Stands for a host that the answer leaves out. */
export function readRedirect(error: unknown, from: HostAddress): Redirect | undefined {
  const message = messageOf(error);
  if (message.startsWith('TRYAGAIN')) return { kind: 'later' };
  const [, kind, host, port] = /^(MOVED|ASK) \d+ (.*):(\d+)$/.exec(message) ?? [];
  if (kind === undefined) return undefined;
  return { kind: kind === 'MOVED' ? 'moved' : 'ask', address: { host: host || from.host, port: Number(port) } };
}
