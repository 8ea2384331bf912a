import type { FSWatcher } from 'node:fs';
import { watch } from 'node:fs';
import { copyFile, mkdir, readdir, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, GetOptions, Logger, OutgoingMessage, PutFailure, QueueStore } from '@kombu/core/spi';
import type { SettleOutcome, StoredMessage } from '@kombu/core/spi';
import { ConnectionError } from '@kombu/core/spi';
import { FileBindings } from './bindings.ts';
import { pause, readText, unless, writeWhole } from './files.ts';
import type { MessageFile } from './message-file.ts';
import { byAge, escapeName, formatFile, newMessageFile, parseFile } from './message-file.ts';
import type { FilesystemOptions } from './options.ts';

/** A message in the hands of this process. */
export interface Claim {
  file: MessageFile;
  /** The last operation on it. A renewal changes the file's name, so that an ack has to wait for it. */
  last: Promise<unknown>;
}

/** Queues in a folder of message files. Whoever moves a file to the claims has the message: only one can. */
export class FilesystemStore implements QueueStore<Claim> {
  readonly leaseMs: number;
  readonly bindings: FileBindings;
  readonly #options: FilesystemOptions;
  readonly #claims: string;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #watchers = new Set<FSWatcher>();
  #closed = false;

  constructor(options: FilesystemOptions, clock: Clock, logger: Logger) {
    this.leaseMs = options.leaseMs;
    this.bindings = new FileBindings(options.controlFolder, clock);
    this.#options = options;
    // Below the messages, so that moves stay in one file system. Kombu passes over it.
    this.#claims = join(options.dataFolderIn, 'claims');
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Makes the folders that are missing. */
  async open(): Promise<void> {
    const { dataFolderOut, controlFolder, storeProcessed, processedFolder } = this.#options;
    const folders = [this.#claims, dataFolderOut, controlFolder, ...(storeProcessed ? [processedFolder] : [])];
    for (const folder of folders) await mkdir(folder, { recursive: true });
  }

  async put(queue: string, messages: readonly OutgoingMessage[]): Promise<readonly PutFailure[]> {
    this.#assertOpen();
    const failures: PutFailure[] = [];
    const out = (name: string): string => join(this.#options.dataFolderOut, name);
    // One after the other: a reader takes what it sees, and must not see the second one first.
    for (const [index, { payload }] of messages.entries()) {
      const file = newMessageFile(queue);
      const written = writeWhole(out(formatFile(file)), out(`${file.id}.draft`), payload);
      await written.catch((error: unknown) => failures.push({ index, error }));
    }
    return failures;
  }

  async get(queue: string, { max, signal }: GetOptions): Promise<StoredMessage<Claim>[]> {
    const claims: Claim[] = [];
    for (const ready of await this.#ready(queue)) {
      if (claims.length === max || signal.aborted) break;
      const file = this.#leased(ready);
      // Another reader may have been faster.
      if (await unless('ENOENT', this.#move(ready, file))) claims.push({ file, last: Promise.resolve() });
    }
    const messages = await Promise.all(claims.map((claim) => this.#read(claim)));
    return messages.filter((message) => message !== undefined);
  }

  ack(_queue: string, receipts: readonly Claim[]): Promise<SettleOutcome[]> {
    const { storeProcessed, processedFolder } = this.#options;
    return this.#settle(receipts, async ({ file }) => {
      const kept = join(processedFolder, formatFile({ ...file, until: undefined }));
      if (storeProcessed) await copyFile(this.#path(file), kept);
      await unlink(this.#path(file));
    });
  }

  release(_queue: string, receipts: readonly Claim[]): Promise<SettleOutcome[]> {
    return this.#settle(receipts, ({ file }) => this.#giveBack(file));
  }

  renew(_queue: string, receipts: readonly Claim[]): Promise<SettleOutcome[]> {
    return this.#settle(receipts, async (claim) => {
      const file = this.#leased(claim.file);
      await this.#move(claim.file, file);
      claim.file = file;
    });
  }

  async size(queue: string): Promise<number> {
    return (await this.#ready(queue)).length;
  }

  async purge(queue: string): Promise<number> {
    let count = 0;
    for (const file of await this.#ready(queue)) {
      if (await unless('ENOENT', unlink(this.#path(file)))) count += 1;
    }
    return count;
  }

  async delete(queue: string): Promise<void> {
    await this.purge(queue);
    const escaped = escapeName(queue);
    for (const file of await this.#list(this.#claims)) {
      if (file.queue === escaped) await unless('ENOENT', unlink(this.#path(file)));
    }
  }

  watch(queue: string, wake: () => void): () => void {
    const escaped = escapeName(queue);
    try {
      const watcher = watch(this.#options.dataFolderIn, { persistent: false }, (_event, name) => {
        if (name === null || parseFile(name)?.queue === escaped) wake();
      });
      watcher.on('error', (error) => this.#unwatched(error));
      this.#watchers.add(watcher);
      return () => {
        this.#watchers.delete(watcher);
        watcher.close();
      };
    } catch (error) {
      this.#unwatched(error);
      return () => undefined;
    }
  }

  /** What is claimed here comes back when the leases end. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const watcher of this.#watchers) watcher.close();
  }

  /** The messages of a queue that nobody has, oldest first. */
  async #ready(queue: string): Promise<MessageFile[]> {
    this.#assertOpen();
    await this.#endLeases();
    const escaped = escapeName(queue);
    const files = await this.#list(this.#options.dataFolderIn);
    return files.filter((file) => file.queue === escaped && file.until === undefined).toSorted(byAge);
  }

  /** Of all processes: the living free what a dead one had claimed. */
  async #endLeases(): Promise<void> {
    const now = this.#clock.now();
    for (const file of await this.#list(this.#claims)) {
      if (file.until !== undefined && file.until <= now) await unless('ENOENT', this.#giveBack(file));
    }
  }

  async #list(folder: string): Promise<MessageFile[]> {
    return (await readdir(folder)).flatMap((name) => parseFile(name) ?? []);
  }

  #path(file: MessageFile): string {
    return join(file.until === undefined ? this.#options.dataFolderIn : this.#claims, formatFile(file));
  }

  #leased(file: MessageFile): MessageFile {
    return { ...file, until: this.#clock.now() + this.leaseMs };
  }

  #move(from: MessageFile, to: MessageFile): Promise<void> {
    return rename(this.#path(from), this.#path(to));
  }

  /** To its old place, and counted. */
  #giveBack(file: MessageFile): Promise<void> {
    return this.#move(file, { ...file, until: undefined, deliveryCount: file.deliveryCount + 1 });
  }

  /** Kombu makes a file before it writes it. What stays empty is not delivered; it comes back when its lease ends. */
  async #read(receipt: Claim): Promise<StoredMessage<Claim> | undefined> {
    const { file } = receipt;
    for (let look = 1; look <= 20; look += 1) {
      const payload = await readText(this.#path(file));
      if (payload === undefined) return undefined;
      if (payload !== '') return { payload, receipt, deliveryCount: file.deliveryCount };
      await pause(this.#clock, 5);
    }
    return undefined;
  }

  /** A claim whose file is gone is a lease that was lost. */
  #settle(receipts: readonly Claim[], settle: (claim: Claim) => Promise<void>): Promise<SettleOutcome[]> {
    return Promise.all(
      receipts.map(async (claim) => {
        const turn = claim.last.then(() => unless('ENOENT', settle(claim)));
        claim.last = turn.catch(() => undefined);
        return (await turn) ? 'ok' : 'lease-lost';
      }),
    );
  }

  #unwatched(error: unknown): void {
    this.#logger.warn('The folder of messages cannot be watched and is polled instead', { error });
  }

  #assertOpen(): void {
    if (this.#closed) throw new ConnectionError('The connection to the folders was closed', { code: 'CLOSED' });
  }
}
