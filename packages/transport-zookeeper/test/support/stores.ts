import { randomBytes } from 'node:crypto';
import type { Clock, Logger, Target } from '@kombu/core/spi';
import { parseUrl, silentLogger, systemClock } from '@kombu/core/spi';
import { openStore } from '../../src/connect.ts';
import type { ZooKeeperTransportOptions } from '../../src/options.ts';
import type { ZooKeeperStore } from '../../src/store.ts';

/** The URL with a virtual host that no other test file has. */
export function inNewRoot(url: string): string {
  return new URL(`/test-${randomBytes(6).toString('hex')}`, url).href;
}

/** The first target of a list of URLs with `;` between them. */
export function targetOf(urls: string, options: ZooKeeperTransportOptions = {}): Target {
  const targets = urls.split(';').map((url): Target => {
    return { ...parseUrl(url), options, heartbeat: undefined, alternates: [], url, display: url };
  });
  return { ...(targets[0] as Target), alternates: targets };
}

/** A store on a session of its own, as a process has one. */
export function openTestStore(
  url: string,
  options: ZooKeeperTransportOptions = {},
  parts: { clock?: Clock; logger?: Logger; signal?: AbortSignal } = {},
): Promise<ZooKeeperStore> {
  const { clock = systemClock, logger = silentLogger, signal = new AbortController().signal } = parts;
  return openStore(targetOf(url, options), { clock, logger, random: Math.random, signal });
}
