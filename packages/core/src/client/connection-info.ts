import { formatUrl, parseUrl, redactUrl } from '../registry/url.ts';
import type { FailoverStrategy } from '../reliability/failover.ts';
import { makeTarget } from '../registry/target.ts';
import type { ConnectionHost } from './connection-host.ts';
import { withHeartbeat } from './dialler.ts';

/** The settings of a connection, without secrets. */
export interface ConnectionInfo {
  readonly transport: string | undefined;
  readonly hostname: string | undefined;
  readonly port: number | undefined;
  readonly userid: string | undefined;
  readonly virtualHost: string | undefined;
  readonly ssl: boolean;
  readonly connectTimeout: number;
  readonly heartbeat: number | undefined;
  readonly failoverStrategy: FailoverStrategy;
  /** The URLs of the failover list, masked. */
  readonly alternates: readonly string[];
}

export function connectionInfo({ options, dialler }: ConnectionHost): ConnectionInfo {
  const { transport, url } = dialler;
  const { hostname, port, userid, virtualHost, ssl, heartbeat } = options.given;
  const defaults = { hostname, port, userid, virtualHost, ssl, heartbeat };
  const target = transport && withHeartbeat(makeTarget(url, transport, defaults));
  return {
    transport: transport?.name,
    hostname: target?.hostname ?? hostname,
    port: target?.port ?? port ?? transport?.defaultPort,
    userid: target?.userid ?? userid,
    virtualHost: target?.virtualHost ?? virtualHost,
    ssl: Boolean(target?.ssl ?? ssl),
    connectTimeout: options.connectTimeout,
    heartbeat: target?.heartbeat ?? heartbeat,
    failoverStrategy: options.failoverStrategy,
    alternates: options.urls.map((each) => transport?.redact?.(each, '**') ?? redactUrl(each)),
  };
}

/** The URL in use. */
export function connectionUri(
  { dialler }: ConnectionHost,
  { includePassword, mask }: { readonly includePassword: boolean; readonly mask: string },
): string {
  const { url, transport } = dialler;
  if (includePassword) return url;
  if (transport?.redact) return transport.redact(url, mask);
  try {
    return formatUrl(parseUrl(url), { mask });
  } catch {
    // A form that only the transport could parse.
    return redactUrl(url, mask);
  }
}
