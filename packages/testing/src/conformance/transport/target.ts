import type { Target, Transport } from '@kombu/core/spi';

/** The target that a harness's URL means, through the transport's own parser where it has one. */
export function targetOf(transport: Transport, url: string, options: Readonly<Record<string, unknown>>): Target {
  const generic = parse(url);
  const target = { ...generic, ...transport.parseUrl?.(url), options, url, display: url };
  return { ...target, alternates: [target as Target] };
}

const pattern =
  /^(?<scheme>[^:]+):\/\/(?:(?<userinfo>[^@/]*)@)?(?<host>\[[^\]]*\]|[^/:?]*)(?::(?<port>\d+))?(?:\/(?<path>[^?]*))?(?:\?(?<query>.*))?$/;

function parse(url: string): Omit<Target, 'alternates' | 'options' | 'display' | 'url'> {
  const parts = pattern.exec(url)?.groups;
  if (!parts) throw new Error(`the harness's url is no URL of the form scheme://user:password@host:port/path`);
  const [userid, password] = (parts['userinfo'] ?? '').split(':');
  return {
    scheme: parts['scheme'] ?? '',
    hostname: decode(parts['host']),
    port: parts['port'] === undefined ? undefined : Number(parts['port']),
    userid: decode(userid),
    password: decode(password),
    virtualHost: decode(parts['path']),
    query: Object.fromEntries(new URLSearchParams(parts['query'] ?? '')),
    ssl: undefined,
    heartbeat: undefined,
  };
}

function decode(text: string | undefined): string | undefined {
  return text === undefined || text === '' ? undefined : decodeURIComponent(text);
}
