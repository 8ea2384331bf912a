import type {
  Clock,
  GetOptions,
  Logger,
  OutgoingMessage,
  PutFailure,
  QueueDeclaration,
  QueueStore,
  Random,
  SettleOutcome,
  StoredMessage,
} from '@kombu/core/spi';
import { ConnectionError } from '@kombu/core/spi';
import { Claims, type Claim } from './claims.ts';
import { inOrder } from './entries.ts';
import { codes, hasCode, on } from './errors.ts';
import { Owners } from './owners.ts';
import type { Paths } from './paths.ts';
import { putAll } from './puts.ts';
import { QueueView } from './queue-view.ts';
import type { Session } from './session.ts';

/** More queues than this are not remembered unless they are waited for. */
const rememberedQueues = 10_000;
/** How long it may take to give back what is still taken when the store closes, in milliseconds. */
const leaveMs = 2000;

export interface ZooKeeperStoreParts {
  readonly session: Session;
  readonly paths: Paths;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: Random;
}

/** Queues in ZooKeeper. A message that is taken belongs to its session, and comes back when that ends. */
export class ZooKeeperStore implements QueueStore<Claim> {
  readonly closed: Promise<Error | undefined>;
  readonly #session: Session;
  readonly #paths: Paths;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #random: Random;
  readonly #claims: Claims;
  readonly #owners: Owners;
  readonly #views = new Map<string, QueueView>();
  #closing: Promise<void> | undefined;

  private constructor({ session, paths, clock, logger, random }: ZooKeeperStoreParts) {
    this.#session = session;
    this.#paths = paths;
    this.#clock = clock;
    this.#logger = logger;
    this.#random = random;
    this.#claims = new Claims(session, paths);
    this.#owners = new Owners(session, paths, this.#claims, logger);
    this.closed = session.closed;
    void session.closed.then(() => this.#wakeAll());
  }

  /** Takes the session over, and closes it if that fails. */
  static async open(parts: ZooKeeperStoreParts): Promise<ZooKeeperStore> {
    const store = new ZooKeeperStore(parts);
    try {
      await store.#owners.enter();
      return store;
    } catch (error) {
      await parts.session.close();
      throw error;
    }
  }

  declare({ name }: QueueDeclaration): Promise<void> {
    return this.#session.ensure(this.#paths.queue(name));
  }

  async exists(queue: string): Promise<boolean> {
    return (await this.#session.stat(this.#paths.queue(queue))) !== undefined;
  }

  async put(queue: string, messages: readonly OutgoingMessage[]): Promise<readonly PutFailure[]> {
    this.#assertOpen();
    return putAll(this.#session, this.#paths.queue(queue), messages);
  }

  async get(queue: string, options: GetOptions): Promise<readonly StoredMessage<Claim>[]> {
    this.#assertOpen();
    const { waitMs, signal } = options;
    const view = this.#viewOf(queue);
    const end = this.#clock.now() + waitMs;
    for (;;) {
      const messages = await this.#take(queue, view, options);
      const left = end - this.#clock.now();
      if (messages.length > 0 || left <= 0 || signal.aborted) return messages;
      await view.wait(left, signal);
      this.#assertOpen();
    }
  }

  async ack(_queue: string, receipts: readonly Claim[]): Promise<readonly SettleOutcome[]> {
    return this.#claims.ack(receipts);
  }

  async release(_queue: string, receipts: readonly Claim[]): Promise<readonly SettleOutcome[]> {
    return this.#claims.release(receipts);
  }

  async size(queue: string): Promise<number> {
    return (await this.#entries(queue)).length;
  }

  async purge(queue: string): Promise<number> {
    const path = this.#paths.queue(queue);
    const names = await this.#entries(queue);
    const removed = await Promise.all(
      names.map((name) => this.#session.remove(`${path}/${name}`).then(() => 1, on(codes.noNode, 0))),
    );
    return removed.reduce<number>((sum, count) => sum + count, 0);
  }

  async delete(queue: string): Promise<void> {
    this.#assertOpen();
    // Until nobody puts anything meanwhile.
    while ((await this.#removeNode(queue)) === 'filled');
    await this.#claims.drop(queue);
    this.#views.get(queue)?.changed();
    this.#views.delete(queue);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  unwrap(): unknown {
    return this.#session.client;
  }

  async #close(): Promise<void> {
    this.#wakeAll();
    const late = this.#clock.setTimeout(() => this.#session.fail(closedError()), leaveMs);
    await this.#owners.leave().catch((error: unknown) => {
      this.#logger.debug('What was still taken comes back when the session ends', { error });
    });
    this.#clock.clearTimeout(late);
    await this.#session.close();
  }

  /** Not counted by the server: a queue whose name continues this one's has its node below too. */
  async #entries(queue: string): Promise<readonly string[]> {
    return inOrder(await this.#session.children(this.#paths.queue(queue)).catch(on(codes.noNode, [])));
  }

  /** A node below that is no message is another queue, whose name continues this one's: it keeps the node. */
  async #removeNode(queue: string): Promise<'removed' | 'filled' | 'kept'> {
    const path = this.#paths.queue(queue);
    const count = await this.purge(queue);
    try {
      await this.#session.remove(path);
      return 'removed';
    } catch (error) {
      if (hasCode(error, codes.noNode)) return 'removed';
      if (!hasCode(error, codes.notEmpty)) throw error;
      return count > 0 ? 'filled' : 'kept';
    }
  }

  /** A first batch of messages; empty when there are none that could be had. */
  async #take(queue: string, view: QueueView, { max, waitMs, noAck }: GetOptions): Promise<StoredMessage<Claim>[]> {
    const entries = await view.next(max, waitMs > 0);
    const results = await Promise.allSettled(entries.map((entry) => this.#claims.take(queue, entry, noAck)));
    const taken: StoredMessage<Claim>[] = [];
    let failure: PromiseRejectedResult | undefined;
    let gone = 0;
    for (const [place, result] of results.entries()) {
      if (result.status === 'rejected') failure ??= result;
      else if (result.value === 'gone') gone += 1;
      else if (result.value === 'too-large') this.#exclude(queue, view, entries[place] ?? '');
      else taken.push(result.value);
    }
    view.tried(entries.length, gone);
    // What could not be taken may still be there.
    if (taken.length < entries.length) view.changed();
    if (failure && taken.length === 0) throw failure.reason;
    return taken;
  }

  #exclude(queue: string, view: QueueView, entry: string): void {
    view.exclude(entry);
    this.#logger.error(
      `The message ${this.#paths.queue(queue)}/${entry} stays in its queue: it is too large to be moved to the claims`,
    );
  }

  #viewOf(queue: string): QueueView {
    let view = this.#views.get(queue);
    if (!view) {
      if (this.#views.size >= rememberedQueues) this.#forgetUnwanted();
      view = new QueueView(this.#session, this.#paths.queue(queue), this.#clock, this.#random);
      this.#views.set(queue, view);
    }
    return view;
  }

  #forgetUnwanted(): void {
    for (const [queue, view] of this.#views) if (!view.isWanted) this.#views.delete(queue);
  }

  #wakeAll(): void {
    for (const view of this.#views.values()) view.changed();
  }

  #assertOpen(): void {
    if (this.#closing) throw closedError();
    if (this.#session.over) throw this.#session.over;
  }
}

function closedError(): ConnectionError {
  return new ConnectionError('The connection to ZooKeeper was closed', { code: 'CLOSED' });
}
