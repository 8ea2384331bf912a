import type { Target, TransportContext } from '@kombu/core/spi';
import { connect, databaseOf } from './connect.ts';
import { collectionsOf } from './documents.ts';
import { prepareDatabase } from './indexes.ts';
import type { MongoLink } from './link.ts';
import { givenOptions, meaningless, readOptions, type MongoOptions } from './options.ts';
import { ServerClock } from './server-clock.ts';
import { MongoStore } from './store.ts';

/** Connects to what a target names. */
export async function openStore(target: Target, context: TransportContext): Promise<MongoStore> {
  const options = readOptions(target);
  warnOfMeaningless(target, context);
  const link = await connect(target, options, context);
  try {
    return await prepareStore(link, databaseOf(target, options), options, context);
  } catch (error) {
    await link.close();
    throw error;
  }
}

async function prepareStore(
  link: MongoLink,
  name: string,
  options: MongoOptions,
  context: TransportContext,
): Promise<MongoStore> {
  const database = link.client.db(name);
  const collections = collectionsOf(database, options);
  const serverClock = new ServerClock(database, context.clock);
  await Promise.all([prepareDatabase(database, collections, options), serverClock.compare()]);
  return new MongoStore({ ...context, link, collections, serverClock, options });
}

function warnOfMeaningless(target: Target, { logger }: TransportContext): void {
  const given = givenOptions(target);
  for (const [name, reason] of Object.entries(meaningless)) {
    if (given[name] !== undefined) logger.warn(`The option ${name} has no effect: ${reason}`);
  }
}
