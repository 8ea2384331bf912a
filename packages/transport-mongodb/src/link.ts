import type { Clock, Logger } from '@kombu/core/spi';
import { ConnectionError } from '@kombu/core/spi';
import type { MongoClient } from 'mongodb';

/** How long a polite end may take, in milliseconds. */
const politeMs = 2000;

/**
 * A connected client of the driver, until its server is first lost. The driver would go on and find it again by itself; here the
 * link ends instead, so that core, which knows what to declare and to deliver again, makes another one.
 */
export class MongoLink {
  readonly client: MongoClient;
  /** Resolves when the link broke, with the reason, or when it was closed. */
  readonly closed: Promise<Error | undefined>;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #end: (error?: Error) => void = () => {};
  #closing: Promise<void> | undefined;

  constructor(client: MongoClient, clock: Clock, logger: Logger) {
    this.client = client;
    this.#clock = clock;
    this.#logger = logger;
    this.closed = new Promise((resolve) => {
      this.#end = resolve;
    });
    client.on('topologyDescriptionChanged', ({ newDescription }) => {
      const servers = [...newDescription.servers.values()];
      if (servers.some(({ isWritable }) => isWritable)) return;
      const cause = servers.find(({ error }) => error)?.error ?? undefined;
      this.#end(
        new ConnectionError(`MongoDB has no server that takes writes${cause ? `: ${cause.message}` : ''}`, { cause }),
      );
    });
  }

  /** Settles soon, also when nobody answers. Idempotent. */
  close(): Promise<void> {
    this.#end();
    this.#closing ??= closeClient(this.client, this.#clock, this.#logger);
    return this.#closing;
  }
}

/** What is under way fails at once; the server is told of the end if it listens. */
export async function closeClient(client: MongoClient, clock: Clock, logger: Logger): Promise<void> {
  const closed = client.close().catch((error: unknown) => {
    logger.debug('The client of MongoDB could not be closed politely', { error });
  });
  let timer;
  const late = new Promise<void>((resolve) => {
    timer = clock.setTimeout(resolve, politeMs);
    timer.unref();
  });
  await Promise.race([closed, late]);
  if (timer) clock.clearTimeout(timer);
}
