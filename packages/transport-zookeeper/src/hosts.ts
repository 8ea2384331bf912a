import { InvalidArgumentError, type Target } from '@kombu/core/spi';

const schemes: ReadonlySet<string> = new Set(['zookeeper', 'zk']);

/**
 * The servers that a target names, as `host:port`: with commas between them in its own URL, then those of the other URLs of
 * its list, which are members of the same ensemble in Kombu.
 *
 * @throws InvalidArgumentError for an address that the client library cannot read.
 */
export function hostsOf(target: Target): readonly string[] {
  const others = target.alternates.filter(({ scheme }) => schemes.has(scheme));
  return [...new Set([target, ...others].flatMap(hostsOfOne))];
}

function hostsOfOne({ hostname = '127.0.0.1', port = 2181, display }: Target): readonly string[] {
  return hostname.split(',').map((text) => {
    const [, host, own] = /^([^:[\]/]+)(?::(\d+))?$/.exec(text) ?? [];
    // The library splits at the first colon.
    if (host !== undefined) return `${host}:${own ?? port}`;
    throw new InvalidArgumentError(
      `${display} has a server without a name: IPv6 addresses need one in /etc/hosts or DNS`,
    );
  });
}
