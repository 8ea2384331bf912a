/** What a node holds besides its data. */
export interface Stat {
  readonly numChildren: number;
}

/** Who may do what with a node; the library makes it, and takes it back. */
export type Acls = readonly object[];

/** Told once of a change. */
export type Watcher = () => void;

type Answer<Results extends readonly unknown[]> = (error: unknown, ...results: Results) => void;

/** Steps that the server takes all together or not at all. */
export interface ZooKeeperTransaction {
  create(path: string, data: Buffer, acls: Acls, mode: number): this;
  remove(path: string): this;
  /** Of a transaction that failed, `results` tells by `err` which step did; 0 stands for those that would have worked. */
  commit(answer: Answer<[results?: readonly { readonly err?: number }[]]>): void;
}

/** A request without its answer. */
export interface PendingRequest {
  callback(error: unknown): void;
}

/** The inner part of a client, which has the socket; see `fence.ts`. */
export interface ConnectionManager {
  socket?: { destroy(): void; cork(): void; uncork(): void };
  connectTimeoutHandler: NodeJS.Timeout | null;
  readonly pendingQueue: readonly PendingRequest[];
  connect(): void;
  onSocketData(bytes: Buffer): void;
  onSocketError(error: Error): void;
}

/** The part of a client of node-zookeeper-client that is called here. */
export interface ZooKeeperClient {
  readonly connectionManager: ConnectionManager;
  connect(): void;
  close(): void;
  addAuthInfo(scheme: string, credentials: Buffer): void;
  getSessionId(): Buffer;
  /** What the server granted, in milliseconds. */
  getSessionTimeout(): number;
  on(event: 'state', listener: (state: { readonly name: string }) => void): unknown;
  create(path: string, data: Buffer, acls: Acls, mode: number, answer: Answer<[path: string]>): void;
  remove(path: string, answer: Answer<[]>): void;
  exists(path: string, watcher: Watcher | undefined, answer: Answer<[stat: Stat | null]>): void;
  getData(path: string, watcher: Watcher | undefined, answer: Answer<[data: Buffer | undefined]>): void;
  getChildren(path: string, watcher: Watcher | undefined, answer: Answer<[names: readonly string[]]>): void;
  transaction(): ZooKeeperTransaction;
}

/** The part of the module that is used here. */
export interface ZooKeeperLibrary {
  createClient(hosts: string, options: { readonly sessionTimeout: number }): ZooKeeperClient;
  readonly ACL: { readonly OPEN_ACL_UNSAFE: Acls; readonly CREATOR_ALL_ACL: Acls };
  readonly CreateMode: {
    readonly PERSISTENT: number;
    readonly PERSISTENT_SEQUENTIAL: number;
    readonly EPHEMERAL: number;
  };
}
