import { randomBytes } from 'node:crypto';
import type { Clock, Logger, Target } from '@kombu/core/spi';
import { parseUrl, silentLogger, systemClock } from '@kombu/core/spi';
import { MongoClient, type Db } from 'mongodb';
import { openStore } from '../../src/open-store.ts';
import type { MongoTransportOptions } from '../../src/options.ts';
import type { MongoStore } from '../../src/store.ts';

/** The URL of a database that no other test file has. */
export function newDatabase(url: string): string {
  const name = `test-${randomBytes(6).toString('hex')}`;
  return `${url.replace(/\/*$/, '')}/${name}`;
}

export function targetOf(url: string, options: MongoTransportOptions = {}): Target {
  const target = { ...parseUrl(url), options, heartbeat: undefined, url, display: url };
  return { ...target, alternates: [] };
}

/** A store on a connection of its own, as a process has one. */
export function openTestStore(
  url: string,
  options: MongoTransportOptions = {},
  { clock = systemClock, logger = silentLogger }: { clock?: Clock; logger?: Logger } = {},
): Promise<MongoStore> {
  const { signal } = new AbortController();
  return openStore(targetOf(url, options), { clock, logger, random: Math.random, signal });
}

/** The database itself, as a peer sees it that knows nothing of this library. */
export async function connectRaw(url: string): Promise<{ database: Db; drop: () => Promise<void> }> {
  const client = new MongoClient(url, { retryReads: false, retryWrites: false });
  await client.connect();
  const database = client.db();
  const drop = async (): Promise<void> => {
    await database.dropDatabase();
    await client.close();
  };
  return { database, drop };
}
