import { PreconditionFailedError } from '@kombu/core/spi';
import type { Collection, Db, Document, IndexDescriptionInfo } from 'mongodb';
import type { Collections } from './documents.ts';
import type { MongoOptions } from './options.ts';

/** NamespaceExists: somebody else was faster. */
const exists = 48;

/** Makes the collections and indexes that Kombu makes, and one of our own for leases. */
export async function prepareDatabase(database: Db, collections: Collections, options: MongoOptions): Promise<void> {
  const { messages, routing, broadcast, queues } = collections;
  await createBroadcast(database, options);
  await messages.createIndex({ queue: 1, priority: 1, _id: 1 }, { background: true });
  await broadcast.createIndex({ queue: 1 });
  await routing.createIndex({ queue: 1, exchange: 1 });
  await messages.createIndex({ lease_until: 1 }, { sparse: true });
  if (!options.ttl) return;
  await ensureTtl(messages);
  await ensureTtl(routing);
  await ensureTtl(queues);
}

async function createBroadcast(database: Db, { broadcastCollection, cappedQueueSize }: MongoOptions): Promise<void> {
  const found = await database.listCollections({ name: broadcastCollection }).toArray();
  if (found.some(({ name }) => name === broadcastCollection)) return;
  await database
    .createCollection(broadcastCollection, { capped: true, size: cappedQueueSize })
    .catch((error: unknown) => {
      if ((error as { readonly code?: unknown }).code !== exists) throw error;
    });
}

/**
 * An index by which the server removes documents, and not one that only looks like it: with an older one of the same key that does
 * not, messages would stay for ever.
 */
export async function ensureTtl<T extends Document>(collection: Collection<T>): Promise<void> {
  await collection.createIndex({ expire_at: 1 }, { expireAfterSeconds: 0 });
  const indexes: readonly IndexDescriptionInfo[] = await collection.indexes();
  const isThere = indexes.some(
    ({ key, expireAfterSeconds }) => Object.keys(key).join() === 'expire_at' && expireAfterSeconds === 0,
  );
  if (isThere) return;
  throw new PreconditionFailedError(
    `The index of ${collection.collectionName} by expire_at does not remove documents: drop it, so that it can be made anew, or do without the option ttl`,
  );
}
