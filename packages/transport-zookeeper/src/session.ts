import {
  AccessRefusedError,
  ConnectionError,
  abortedError,
  type Clock,
  type KombuError,
  type TransportContext,
} from '@kombu/core/spi';
import type { Acls, Stat, Watcher, ZooKeeperClient, ZooKeeperTransaction } from './client.ts';
import { TransactionError, codes, hasCode, on } from './errors.ts';
import { destroy, fence } from './fence.ts';
import { library } from './library.ts';
import { Silence } from './silence.ts';

export interface SessionOptions {
  /** `host:port` each, tried in an order by chance until one grants a session. */
  readonly hosts: readonly string[];
  readonly sessionTimeout: number;
  readonly hostTimeout: number;
  /** `user:password` of the digest scheme. */
  readonly credentials: string | undefined;
  /** Who may use what is made in this session. */
  readonly acls: Acls;
}

/** How long a server may take to say that a session is closed, in milliseconds. */
const closeMs = 2000;
const nothing = Buffer.alloc(0);

/**
 * One session on one connection: when either is over, both are, and for good. Every request settles, at the latest then.
 */
export class Session {
  readonly closed: Promise<Error | undefined>;
  readonly #client: ZooKeeperClient;
  readonly #clock: Clock;
  readonly #acls: Acls;
  readonly #waiting = new Set<(error: KombuError) => void>();
  #silence: Silence | undefined;
  #over: KombuError | undefined;
  #ended!: (error: Error | undefined) => void;
  #isCorked = false;

  private constructor(options: SessionOptions, clock: Clock) {
    this.#clock = clock;
    this.#acls = options.acls;
    this.#client = library.createClient(options.hosts.join(','), { sessionTimeout: options.sessionTimeout });
    if (options.credentials) this.#client.addAuthInfo('digest', Buffer.from(options.credentials));
    this.closed = new Promise((resolve) => {
      this.#ended = resolve;
    });
  }

  /** Resolves when a server granted a session; each is tried once. */
  static async open(options: SessionOptions, { clock, signal }: TransportContext): Promise<Session> {
    if (signal.aborted) throw abortedError(signal, 'Connecting to ZooKeeper');
    const session = new Session(options, clock);
    const giveUp = (): void => session.fail(abortedError(signal, 'Connecting to ZooKeeper'));
    signal.addEventListener('abort', giveUp, { once: true });
    try {
      await session.#connect(options);
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
    return session;
  }

  /** Of sixteen hexadecimal digits; no other session ever has it. */
  get id(): string {
    return this.#client.getSessionId().toString('hex');
  }

  /** Why nothing can be asked any more. */
  get over(): KombuError | undefined {
    return this.#over;
  }

  get client(): ZooKeeperClient {
    return this.#client;
  }

  create(path: string, mode: keyof typeof library.CreateMode = 'PERSISTENT'): Promise<string> {
    return this.#ask((answer) => this.#client.create(path, nothing, this.#acls, library.CreateMode[mode], answer));
  }

  /** Makes a node with all those above it, unless they are there. */
  async ensure(path: string): Promise<void> {
    if (path === '' || path === '/') return;
    try {
      await this.create(path);
    } catch (error) {
      if (hasCode(error, codes.nodeExists)) return;
      if (!hasCode(error, codes.noNode)) throw error;
      await this.ensure(path.slice(0, path.lastIndexOf('/')));
      await this.create(path).catch(on(codes.nodeExists, path));
    }
  }

  remove(path: string): Promise<void> {
    return this.#ask((answer) => this.#client.remove(path, answer));
  }

  /** Undefined when there is no such node; a watcher is told then when there is. */
  async stat(path: string, watcher?: Watcher): Promise<Stat | undefined> {
    const stat = await this.#ask<Stat | null>((answer) => this.#client.exists(path, watcher, answer));
    return stat ?? undefined;
  }

  async read(path: string, watcher?: Watcher): Promise<Buffer> {
    const data = await this.#ask<Buffer | undefined>((answer) => this.#client.getData(path, watcher, answer));
    return data ?? nothing;
  }

  /** The names of the nodes below, in no order. */
  children(path: string, watcher?: Watcher): Promise<readonly string[]> {
    return this.#ask((answer) => this.#client.getChildren(path, watcher, answer));
  }

  /** Rejects with a TransactionError when the server does not take one of the steps: then it takes none. */
  commit(build: (transaction: Transaction) => void): Promise<void> {
    const transaction = this.#client.transaction();
    build(new Transaction(transaction, this.#acls));
    return this.#ask((answer) => {
      transaction.commit((error, results) => {
        const step = results?.findIndex(({ err = 0 }) => err !== 0) ?? -1;
        answer(step < 0 ? error : new TransactionError(error as TransactionError, step), undefined);
      });
    });
  }

  /** Ends it at once. Only the first reason counts. */
  fail(reason: KombuError): void {
    if (this.#over) return;
    this.#over = reason;
    this.#silence?.stop();
    destroy(this.#client.connectionManager);
    for (const reject of this.#waiting) reject(reason);
    this.#waiting.clear();
    this.#ended(reason.code === 'CLOSED' ? undefined : reason);
  }

  /** Tells the server, which forgets then what is ephemeral; without its answer it will do so later. */
  async close(): Promise<void> {
    const end = (): void => this.fail(new ConnectionError('The session of ZooKeeper was closed', { code: 'CLOSED' }));
    const timer = this.#clock.setTimeout(end, closeMs);
    if (!this.#over) {
      this.#client.on('state', end);
      this.#client.close();
    }
    await this.closed;
    this.#clock.clearTimeout(timer);
  }

  #connect({ hosts, hostTimeout }: SessionOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      const manager = this.#client.connectionManager;
      const hurry = (): ReturnType<Clock['setTimeout']> => this.#clock.setTimeout(() => destroy(manager), hostTimeout);
      let timer = hurry();
      let left = hosts.length - 1;
      this.#waiting.add(reject);
      void this.closed.then(() => this.#clock.clearTimeout(timer));
      fence(manager, {
        heard: () => this.#silence?.heard(),
        failed: (error) => this.fail(lostError('it does not speak as a ZooKeeper does', error)),
        retry: (cause) => {
          this.#clock.clearTimeout(timer);
          if (!this.#over && !this.#silence && left > 0) {
            left -= 1;
            timer = hurry();
            return true;
          }
          this.fail(this.#silence ? lostError('the socket was closed', cause) : unreachableError(hosts, cause));
          return false;
        },
      });
      this.#client.on('state', ({ name }) => {
        if (name === 'SYNC_CONNECTED') {
          this.#clock.clearTimeout(timer);
          this.#waiting.delete(reject);
          this.#silence = new Silence(this.#clock, this.#client.getSessionTimeout(), (ms) => {
            this.fail(lostError(`nothing was heard of it for ${ms} ms`, undefined));
          });
          resolve();
        } else if (name === 'AUTH_FAILED') this.fail(refusedError());
        else if (name === 'EXPIRED') this.fail(lostError('the session expired', undefined));
      });
      this.#client.connect();
    });
  }

  #ask<T>(send: (answer: (error: unknown, result?: unknown) => void) => void): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#over) return reject(this.#over);
      this.#waiting.add(reject);
      this.#cork();
      send((error, result) => {
        // The link breaks, and the reason follows at once.
        if (hasCode(error, codes.connectionLoss)) return;
        this.#waiting.delete(reject);
        if (error) reject(error);
        else resolve(result as T);
      });
    });
  }

  /** What is asked in one go is sent in one go. */
  #cork(): void {
    const { socket } = this.#client.connectionManager;
    if (this.#isCorked || !socket) return;
    this.#isCorked = true;
    socket.cork();
    process.nextTick(() => {
      this.#isCorked = false;
      socket.uncork();
    });
  }
}

/** The steps of a transaction. */
export class Transaction {
  readonly #steps: ZooKeeperTransaction;
  readonly #acls: Acls;

  constructor(steps: ZooKeeperTransaction, acls: Acls) {
    this.#steps = steps;
    this.#acls = acls;
  }

  create(path: string, data: Buffer = nothing, mode: keyof typeof library.CreateMode = 'PERSISTENT'): this {
    this.#steps.create(path, data, this.#acls, library.CreateMode[mode]);
    return this;
  }

  remove(path: string): this {
    this.#steps.remove(path);
    return this;
  }
}

function lostError(what: string, cause: unknown): ConnectionError {
  const detail = cause instanceof Error ? `: ${cause.message}` : '';
  return new ConnectionError(`The connection to ZooKeeper is over, for ${what}${detail}`, { cause });
}

function unreachableError(hosts: readonly string[], cause: Error | undefined): ConnectionError {
  const detail = cause?.message ?? 'none of them answered in time, or they have no quorum';
  return new ConnectionError(`No ZooKeeper at ${hosts.join(', ')}: ${detail}`, { code: 'CONNECTION_FAILED', cause });
}

function refusedError(): AccessRefusedError {
  return new AccessRefusedError('ZooKeeper refuses the user or the password of the URL');
}
