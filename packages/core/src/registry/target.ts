import { InvalidArgumentError, KombuError } from '../errors.ts';
import type { Target, Transport } from '../spi/transport.ts';
import { parseUrl, redactText, redactUrl, schemeOf } from './url.ts';

type FromOptions =
  | 'hostname'
  | 'port'
  | 'userid'
  | 'password'
  | 'virtualHost'
  | 'ssl'
  | 'options'
  | 'heartbeat'
  | 'alternates';

/** What a connection's options say about where to connect. */
export type TargetDefaults = { readonly [K in FromOptions]?: Target[K] | undefined };

/**
 * One URL of a connection as the target that its transport gets. What the URL says wins over the options, part by part, as
 * in Kombu; `ssl` objects are merged.
 *
 * @throws InvalidArgumentError when the URL cannot be read, with its secrets masked.
 */
export function makeTarget(url: string, transport: Transport, defaults: TargetDefaults = {}): Target {
  const display = displayOf(url, transport);
  const parsed = transport.parseUrl ? parseWith(transport, url, display) : parseSingleHost(url, transport);
  return {
    scheme: parsed.scheme ?? schemeOf(url),
    hostname: parsed.hostname ?? defaults.hostname,
    port: parsed.port ?? defaults.port,
    userid: parsed.userid ?? defaults.userid,
    password: parsed.password ?? defaults.password,
    virtualHost: parsed.virtualHost ?? defaults.virtualHost,
    query: parsed.query ?? {},
    ssl: mergeSsl(parsed.ssl, defaults.ssl),
    options: parsed.options ?? defaults.options ?? {},
    heartbeat: parsed.heartbeat ?? defaults.heartbeat,
    alternates: defaults.alternates ?? [],
    url,
    display,
  };
}

/** A URL too broken for the transport's own rule is masked by the generic one, which takes away more rather than less. */
function displayOf(url: string, transport: Transport): string {
  try {
    return transport.redact?.(url, '**') ?? redactUrl(url);
  } catch {
    return redactUrl(url);
  }
}

function parseWith(transport: Transport, url: string, display: string): Partial<Target> {
  try {
    return transport.parseUrl?.(url) ?? {};
  } catch (error) {
    if (error instanceof KombuError) throw error;
    const reason = redactText(error instanceof Error ? error.message : String(error), [url]);
    // Without the cause: Node's own error for a bad URL carries the whole URL.
    throw new InvalidArgumentError(`Transport ${transport.name} cannot read the URL ${display}: ${reason}`);
  }
}

/** Transports that take several hosts in one URL read their URLs themselves. */
function parseSingleHost(url: string, transport: Transport): Partial<Target> {
  const parsed = parseUrl(url);
  if (parsed.hostname?.includes(',') !== true) return parsed;
  throw new InvalidArgumentError(
    `Transport ${transport.name} takes one host in a URL, and ${redactUrl(url)} has several; write one URL for each host, with ";" between them`,
  );
}

function mergeSsl(fromUrl: Target['ssl'], fromOptions: Target['ssl']): Target['ssl'] {
  if (typeof fromUrl === 'object' && typeof fromOptions === 'object') return { ...fromOptions, ...fromUrl };
  return fromUrl ?? fromOptions;
}
