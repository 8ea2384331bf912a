import { InvalidArgumentError, type Target } from '@kombu/core/spi';

/** A server by its name or number. */
export interface HostAddress {
  readonly host: string;
  readonly port: number;
}

/** All servers that a target names: in its own URL, with commas between, and in the other URLs of its list. */
export function addressesOf(target: Target, defaultPort: number): readonly HostAddress[] {
  const targets = target.alternates.filter(({ scheme }) => scheme === target.scheme);
  const all = [target, ...targets].flatMap((each) => hostsOf(each, defaultPort));
  return [...new Map(all.map((address) => [nameOf(address), address])).values()];
}

/** @throws InvalidArgumentError when the target names several servers. */
export function onlyAddressOf(target: Target, defaultPort: number): HostAddress {
  const [address, ...more] = hostsOf(target, defaultPort);
  if (address && more.length === 0) return address;
  throw new InvalidArgumentError(
    `${target.display} names several servers: write redis-cluster:// if they are a cluster, or one URL for each with ";" between them`,
  );
}

/** `host:port` */
export function nameOf({ host, port }: HostAddress): string {
  return `${host}:${port}`;
}

function hostsOf({ hostname = '127.0.0.1', port }: Target, defaultPort: number): readonly HostAddress[] {
  if (!hostname.includes(',')) return [{ host: hostname, port: port ?? defaultPort }];
  return hostname.split(',').map((text) => readAddress(text, defaultPort));
}

/** Reads `host:port`, of which the host may be an IPv6 address in brackets and the port may be missing. */
function readAddress(text: string, defaultPort: number): HostAddress {
  const [, host = text, port] = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(text) ?? [];
  return { host: host.replaceAll(/[[\]]/g, ''), port: port === undefined ? defaultPort : Number(port) };
}
