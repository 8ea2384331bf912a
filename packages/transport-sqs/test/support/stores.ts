import { randomBytes } from 'node:crypto';
import type { Clock, Logger, Target } from '@kombu/core/spi';
import { parseUrl, silentLogger, systemClock } from '@kombu/core/spi';
import { connect } from '../../src/connect.ts';
import { textOfBody } from '../../src/message-body.ts';
import type { SqsTransportOptions } from '../../src/options.ts';
import type { SqsStore } from '../../src/store.ts';
import { never } from '@kombu/test-kit';

/** A prefix for queues that no other test file has. */
export function newPrefix(): string {
  return `t${randomBytes(4).toString('hex')}-`;
}

export function targetOf(url: string, options: SqsTransportOptions = {}): Target {
  return { ...parseUrl(url), options, heartbeat: undefined, alternates: [], url, display: url };
}

/** A store on a connection of its own, as a process has one; to it, texts that are no envelopes are payloads too. */
export async function openTestStore(
  url: string,
  options: SqsTransportOptions = {},
  { clock = systemClock, logger = silentLogger }: { clock?: Clock; logger?: Logger } = {},
): Promise<SqsStore> {
  const context = { clock, logger, random: Math.random, signal: never };
  return (await connect(targetOf(url, options), context, textOfBody)).store as SqsStore;
}
