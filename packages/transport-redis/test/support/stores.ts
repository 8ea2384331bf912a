import { randomBytes } from 'node:crypto';
import type { Clock, Logger, Target } from '@kombu/core/spi';
import { parseUrl, silentLogger, systemClock } from '@kombu/core/spi';
import { openStore } from '../../src/open-store.ts';
import type { RedisTransportOptions } from '../../src/options.ts';
import type { RedisStore } from '../../src/store.ts';

/** A prefix for keys that no other test file has. */
export function newPrefix(): string {
  return `test-${randomBytes(6).toString('hex')}:`;
}

/** The first target of a list of URLs with `;` between them. */
export function targetOf(urls: string, options: RedisTransportOptions = {}): Target {
  const targets = urls.split(';').map((url): Target => {
    return { ...parseUrl(url), options, heartbeat: undefined, alternates: [], url, display: url };
  });
  return { ...(targets[0] as Target), alternates: targets };
}

/** A store on a connection of its own, as a process has one. */
export function openTestStore(
  url: string,
  options: RedisTransportOptions = {},
  { clock = systemClock, logger = silentLogger }: { clock?: Clock; logger?: Logger } = {},
): Promise<RedisStore> {
  const signal = new AbortController().signal;
  return openStore(targetOf(url, options), { clock, logger, random: Math.random, signal });
}
