import { InvalidArgumentError } from '../errors.ts';
import type { Target } from '../spi/transport.ts';
import { readBoolean, readChoice } from './options.ts';
import { decode, encode } from './percent.ts';
import { isSecretName, redactUrl } from './redact.ts';
import { bareHost, schemeOf, schemePrefix } from './scheme.ts';
import { readings, type UrlReading } from './url-reading.ts';

export { isSecretName, redactText, redactUrl } from './redact.ts';
export { schemeOf } from './scheme.ts';
export { splitUrls } from './url-list.ts';

/** The parts of a URL, decoded. A part that is missing or empty is undefined. */
export interface ParsedUrl extends Pick<
  Target,
  'scheme' | 'hostname' | 'port' | 'userid' | 'password' | 'virtualHost' | 'query'
> {
  /** The query parameters `ssl_*`, under their full names; undefined when there is none. */
  readonly ssl: Readonly<Record<string, string | boolean>> | undefined;
}

/** What {@link formatUrl} prints: any parts of a {@link ParsedUrl}. */
export type UrlParts = { readonly [K in keyof ParsedUrl]?: ParsedUrl[K] | undefined } & { readonly scheme: string };

const certReqs = ['required', 'optional', 'none', 'CERT_REQUIRED', 'CERT_OPTIONAL', 'CERT_NONE'] as const;

/**
 * Reads `scheme://userid:password@host:port/virtualhost?query`, by the rules of Kombu and of Appendix A of RabbitMQ's URI
 * specification: every part is percent-decoded, the host in lower case, exactly one `/` stripped from the path
 * (`amqp://h//` is the virtual host `/`, `amqp://h/` none), and what is missing or empty is undefined. An IPv6 address
 * loses its brackets. `h1:1,h2:2` is a list of hosts and stays one, ports included, in `hostname`. Parameters `ssl_*` are
 * gathered in `ssl`: `ssl_check_hostname` as boolean, `ssl_cert_reqs` as `required`, `optional` or `none`. A host without
 * a scheme is `amqp`.
 *
 * Secrets may be typed as they are. There are no fragments, `#` is a letter like others, and so is a `%` without two hex
 * digits. The credentials may end at any `@`, the host ends at the `/` or `?` after it: the URL is accepted when exactly
 * one such reading gives a valid host and port, so that it cannot be misread. `amqp://u:p/a?s#@h/v` has one, for `p` is no port;
 * `amqp://u:p@h/a@b` has two and is refused: only the writer knows whether the password is `p` or `p@h/a`.
 *
 * @throws InvalidArgumentError that quotes the URL only with its secrets masked.
 */
export function parseUrl(url: string): ParsedUrl {
  const scheme = schemePrefix.exec(url)?.[0];
  if (scheme === undefined && !bareHost.test(url)) throw unreadable(url, 'it has no scheme, such as amqp://');
  const reading = onlyReading(url, url.slice(scheme?.length ?? 0));
  try {
    return { scheme: schemeOf(url), ...decodeReading(reading) };
  } catch (error) {
    throw unreadable(url, error instanceof Error ? error.message : String(error));
  }
}

function onlyReading(url: string, rest: string): UrlReading {
  const found = readings(rest);
  const [reading, another] = found.filter(({ problem }) => problem === undefined);
  if (reading === undefined) throw unreadable(url, found.at(-1)?.problem ?? 'it is malformed');
  if (another === undefined) return reading;
  throw unreadable(
    url,
    'a "@" behind a "/" or "?" gives it more than one meaning; write the ones inside the user name or password as %2F and %3F, or the "@" inside the virtual host or query as %40',
  );
}

function unreadable(url: string, reason: string): InvalidArgumentError {
  return new InvalidArgumentError(`Cannot read the broker URL ${redactUrl(url)}: ${reason}`);
}

function decodeReading(reading: UrlReading): Omit<ParsedUrl, 'scheme'> {
  const parameters = Object.entries(decodeQuery(reading.query ?? ''));
  const ssl = parameters.filter(([name]) => name.startsWith('ssl_')).map(readSsl);
  return {
    hostname: reading.hostname,
    port: reading.port,
    userid: decodePart(reading.userid),
    password: decodePart(reading.password),
    virtualHost: decodePart(reading.path),
    query: Object.fromEntries(parameters.filter(([name]) => !name.startsWith('ssl_'))),
    ssl: ssl.length === 0 ? undefined : Object.fromEntries(ssl),
  };
}

function decodePart(text = ''): string | undefined {
  return text === '' ? undefined : decode(text);
}

function decodeQuery(query: string): Readonly<Record<string, string>> {
  const found = new Map<string, string>();
  for (const parameter of query.split('&')) {
    if (parameter === '') continue;
    const equals = parameter.indexOf('=');
    const name = decode(equals === -1 ? parameter : parameter.slice(0, equals));
    if (found.has(name)) throw new InvalidArgumentError(`the parameter ${JSON.stringify(name)} is given twice`);
    found.set(name, equals === -1 ? '' : decode(parameter.slice(equals + 1)));
  }
  // Not by assignment: a parameter may be called `__proto__`.
  return Object.fromEntries(found);
}

function readSsl([name, value]: readonly [string, string]): readonly [string, string | boolean] {
  if (name === 'ssl_check_hostname') return [name, readBoolean(value, name)];
  if (name === 'ssl_cert_reqs') {
    return [name, readChoice(value, name, certReqs).replace('CERT_', '').toLowerCase()];
  }
  return [name, value];
}

/**
 * Prints a URL that {@link parseUrl} reads back into the same parts. The password and the query parameters that
 * {@link isSecretName} knows are masked unless `includePassword` is true.
 */
export function formatUrl(
  parts: UrlParts,
  options: { readonly includePassword?: boolean; readonly mask?: string } = {},
): string {
  const { includePassword = false, mask = '**' } = options;
  const secret = (text: string): string => (includePassword ? encode(text) : mask);
  const password = parts.password ? `:${secret(parts.password)}` : '';
  const userinfo = parts.userid || password ? `${encode(parts.userid ?? '')}${password}@` : '';
  const port = parts.port === undefined ? '' : `:${parts.port}`;
  const path = encode(parts.virtualHost ?? '').replaceAll('%2F', '/');
  const query = Object.entries({ ...parts.query, ...parts.ssl })
    .map(([name, value]) => `${encode(name)}=${isSecretName(name) ? secret(String(value)) : encode(String(value))}`)
    .join('&');
  return `${parts.scheme}://${userinfo}${formatHost(parts.hostname)}${port}/${path}${query && `?${query}`}`;
}

function formatHost(hostname = ''): string {
  if (hostname.includes(',')) return hostname;
  return hostname.includes(':') ? `[${encode(hostname).replaceAll('%3A', ':')}]` : encode(hostname);
}
