import type { Target, Transport } from '@kombu/core/spi';
import { parseUrl, redactUrl } from '@kombu/core/spi';

/** The target that a harness's URL means, read by the transport itself where it has its own rule. */
export function targetOf(transport: Transport, url: string, options: Readonly<Record<string, unknown>>): Target {
  const parsed: Partial<Target> = transport.parseUrl?.(url) ?? parseUrl(url);
  const target: Target = {
    scheme: url.slice(0, url.indexOf(':')),
    hostname: undefined,
    port: undefined,
    userid: undefined,
    password: undefined,
    virtualHost: undefined,
    query: {},
    ssl: undefined,
    heartbeat: undefined,
    options,
    ...parsed,
    alternates: [],
    url,
    display: transport.redact?.(url, '**') ?? redactUrl(url),
  };
  return { ...target, alternates: [target] };
}
