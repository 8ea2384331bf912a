import type { Collection, Db, ObjectId } from 'mongodb';
import type { MongoOptions } from './options.ts';

/**
 * A message. As long as it is ready it is Kombu's: `queue`, `payload`, `priority`, and `expire_at` with the option `ttl`. While it
 * is delivered or delayed it has no `queue`, so that nobody in Python finds it, and no `expire_at`, so that the server leaves it.
 */
export interface MessageDocument {
  readonly _id: ObjectId;
  readonly queue?: string;
  /** A text; whatever else stands there, somebody else wrote. */
  readonly payload: unknown;
  /** 9 less the priority: Kombu takes the lowest first. */
  readonly priority: number;
  readonly expire_at?: Date | null;
  /** Stands for `queue` meanwhile. */
  readonly leased_from?: string;
  readonly leased_expire_at?: Date | null;
  /** Names the delivery; absent while the message is delayed. */
  readonly lease_token?: ObjectId;
  /** When it is ready again. */
  readonly lease_until?: Date;
  /** How often it was delivered by us. */
  readonly deliveries?: number;
}

/** A binding. */
export interface RoutingDocument {
  readonly exchange: string;
  readonly queue: string;
  readonly routing_key: string;
  /** A regular expression for a topic exchange. */
  readonly pattern: string | null;
  readonly expire_at?: Date | null;
  /** A binding to a fanout exchange whose queue gets copies: of ours. Python listens to the exchange. */
  readonly fed?: boolean;
}

/** A message of a fanout exchange, in a capped collection. */
export interface BroadcastDocument {
  readonly _id: ObjectId;
  /** The exchange. */
  readonly queue: string;
  readonly payload: unknown;
}

/** A queue; only with the option `ttl`. */
export interface QueueDocument {
  readonly _id: string;
  readonly options: {
    readonly durable: boolean;
    readonly exclusive: boolean;
    readonly auto_delete: boolean;
    readonly arguments: Readonly<Record<string, unknown>> | null;
    readonly nowait?: boolean;
  };
  readonly expire_at: Date | null;
}

/** Says that a process puts a broadcast message into a queue; a collection of our own. */
export interface MarkDocument {
  readonly _id: ObjectId;
  readonly at: Date;
  readonly brought: boolean;
}

/** The collections of Kombu, and one of our own. */
export interface Collections {
  readonly messages: Collection<MessageDocument>;
  readonly routing: Collection<RoutingDocument>;
  readonly broadcast: Collection<BroadcastDocument>;
  readonly queues: Collection<QueueDocument>;
  readonly marks: Collection<MarkDocument>;
}

export function collectionsOf(database: Db, options: MongoOptions): Collections {
  return {
    messages: database.collection(options.messagesCollection),
    routing: database.collection(options.routingCollection),
    broadcast: database.collection(options.broadcastCollection),
    queues: database.collection(options.queuesCollection),
    marks: database.collection(`${options.broadcastCollection}.marks`),
  };
}
