import { isIPv6 } from 'node:net';
import { decode } from './percent.ts';

/** One way to cut a URL, after its scheme, into parts. All but the host are still as written. */
export interface UrlReading {
  readonly userid: string | undefined;
  readonly password: string | undefined;
  /** Decoded and in lower case. */
  readonly hostname: string | undefined;
  readonly port: number | undefined;
  readonly path: string | undefined;
  readonly query: string | undefined;
  /** Why a URL cannot have been meant this way. Holds nothing of the URL, for it may be a piece of a secret. */
  readonly problem: string | undefined;
}

interface Host {
  readonly hostname?: string | undefined;
  readonly port?: number | undefined;
  readonly problem?: string;
}

/**
 * Every way to read the part of a URL behind `scheme://`: without credentials, and with credentials up to each `@` in
 * turn. A standard reader stops at the first `/`, and so reads `u:pa/ss@host` as host `u`, port `pa`; a reader that takes
 * the last `@` is misled by `host/v@x`. Looking at all readings shows whether the writer can have meant only one.
 */
export function readings(rest: string): readonly UrlReading[] {
  const found = [readAt(rest, -1)];
  for (let at = rest.indexOf('@'); at !== -1; at = rest.indexOf('@', at + 1)) found.push(readAt(rest, at));
  return found;
}

/** The reading whose credentials end at the index `at`; -1: it has none. */
function readAt(rest: string, at: number): UrlReading {
  const credentials = at === -1 ? undefined : rest.slice(0, at);
  const tail = rest.slice(at + 1);
  const pathStart = tail.search(/[/?]/);
  const queryStart = tail.indexOf('?');
  const hostEnd = pathStart === -1 ? tail.length : pathStart;
  const pathEnd = queryStart === -1 ? tail.length : queryStart;
  const colon = credentials?.indexOf(':') ?? -1;
  const host = readHosts(tail.slice(0, hostEnd));
  return {
    userid: colon === -1 ? credentials : credentials?.slice(0, colon),
    password: colon === -1 ? undefined : credentials?.slice(colon + 1),
    hostname: host.hostname,
    port: host.port,
    path: hostEnd < pathEnd ? tail.slice(hostEnd + 1, pathEnd) : undefined,
    query: queryStart === -1 ? undefined : tail.slice(queryStart + 1),
    // Passwords are typed as they are, user names are not: without a colon, the `/` or `?` has ended the host.
    problem: colon === -1 && /[/?]/.test(credentials ?? '') ? 'the user name holds a "/" or "?"' : host.problem,
  };
}

/** A host with its port, or several with commas between: then `hostname` is the list, ports included. */
function readHosts(text: string): Host {
  if (!text.includes(',')) return readHost(text);
  const problem = text
    .split(',')
    .map((one) => (one === '' ? 'a host is empty' : readHost(one).problem))
    .find((one) => one !== undefined);
  return problem === undefined ? { hostname: decode(text).toLowerCase() } : { problem };
}

function readHost(text: string): Host {
  const [matched, name = '', digits = ''] = /^(\[.*\]|[^:]*)(?::(\d+))?$/.exec(text) ?? [];
  if (matched === undefined) return { problem: 'the port is not a number (and an IPv6 address needs brackets)' };
  const port = digits === '' ? undefined : Number(digits);
  if (port !== undefined && (port < 1 || port > 65_535)) return { problem: 'the port is not between 1 and 65535' };
  const hostname = decodeHost(name);
  if (hostname === undefined) return { problem: 'the host is not a host name or address' };
  return { hostname: hostname === '' ? undefined : hostname, port };
}

function decodeHost(name: string): string | undefined {
  const bracketed = name.startsWith('[');
  try {
    const decoded = decode(bracketed ? name.slice(1, -1) : name).toLowerCase();
    const valid = bracketed ? isIPv6(decoded) : !/[\s\p{Cc}/?#@:,[\]\\<>"`{}|^]/u.test(decoded);
    return valid ? decoded : undefined;
  } catch {
    return undefined;
  }
}
