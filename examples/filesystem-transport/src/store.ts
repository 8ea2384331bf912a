import type { FSWatcher } from 'node:fs';
import { watch } from 'node:fs';
import { copyFile, mkdir, readFile, readdir, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type {
  Clock,
  GetOptions,
  Logger,
  OutgoingMessage,
  PutFailure,
  QueueStore,
  SettleOutcome,
  StoredMessage,
} from '@kombu/core/spi';
import { ConnectionError } from '@kombu/core/spi';
import { FileBindings } from './bindings.ts';
import { pause, unless, writeWhole } from './files.ts';
import type { MessageFile } from './names.ts';
import { byAge, escapeName, messageFile, newMessageId, parseMessageFile } from './names.ts';
import type { FilesystemOptions } from './options.ts';

/** A message in the hands of this process. */
export interface Claim {
  /** Its file among the claims: `<end of the lease>_<file of the message>`. */
  file: string;
  /** Settles with the last operation: a renewal changes the name, so that an ack has to wait for it. */
  last: Promise<unknown>;
}

/** Undefined for what was taken for good. */
export type Receipt = Claim | undefined;

/** Queues in a folder of message files. Who moves a file to the claims has the message, for only one can. */
export class FilesystemStore implements QueueStore<Receipt> {
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
    // A folder in the folder: moves stay in one file system, and Kombu passes over it.
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
    // One after the other: a reader takes what it sees, and must not see a later message first.
    for (const [index, { payload }] of messages.entries()) {
      const id = newMessageId();
      const out = (name: string): string => join(this.#options.dataFolderOut, name);
      const written = writeWhole(out(messageFile(id, 0, escapeName(queue))), out(`${id}.draft`), payload);
      await written.catch((error: unknown) => failures.push({ index, error }));
    }
    return failures;
  }

  async get(queue: string, { max, noAck, signal }: GetOptions): Promise<StoredMessage<Receipt>[]> {
    const taken: StoredMessage<Claim>[] = [];
    for (const message of await this.#ready(queue)) {
      if (taken.length === max || signal.aborted) break;
      const { deliveryCount } = message;
      const receipt = await this.#claim(message);
      const payload = receipt && (await this.#read(receipt));
      if (receipt && payload !== undefined) taken.push({ payload, receipt, deliveryCount });
    }
    if (!noAck) return taken;
    await this.ack(queue, taken.map(({ receipt }) => receipt));
    return taken.map((message) => ({ ...message, receipt: undefined }));
  }

  ack(_queue: string, receipts: readonly Receipt[]): Promise<SettleOutcome[]> {
    return this.#settle(receipts, async ({ file }) => {
      const { storeProcessed, processedFolder } = this.#options;
      if (storeProcessed) await copyFile(join(this.#claims, file), join(processedFolder, messageOf(file)));
      await unlink(join(this.#claims, file));
    });
  }

  release(_queue: string, receipts: readonly Receipt[]): Promise<SettleOutcome[]> {
    return this.#settle(receipts, ({ file }) => this.#giveBack(file));
  }

  renew(_queue: string, receipts: readonly Receipt[]): Promise<SettleOutcome[]> {
    return this.#settle(receipts, async (claim) => {
      const file = this.#leased(messageOf(claim.file));
      await rename(join(this.#claims, claim.file), join(this.#claims, file));
      claim.file = file;
    });
  }

  async size(queue: string): Promise<number> {
    return (await this.#ready(queue)).length;
  }

  async purge(queue: string): Promise<number> {
    let count = 0;
    for (const { file } of await this.#ready(queue)) {
      if (await unless('ENOENT', unlink(join(this.#options.dataFolderIn, file)))) count += 1;
    }
    return count;
  }

  async delete(queue: string): Promise<void> {
    await this.purge(queue);
    for (const file of await readdir(this.#claims)) {
      if (parseMessageFile(messageOf(file))?.queue !== escapeName(queue)) continue;
      await unless('ENOENT', unlink(join(this.#claims, file)));
    }
  }

  watch(queue: string, wake: () => void): () => void {
    const escaped = escapeName(queue);
    try {
      const watcher = watch(this.#options.dataFolderIn, { persistent: false }, (_event, file) => {
        if (file === null || parseMessageFile(file)?.queue === escaped) wake();
      });
      watcher.on('error', (error) => this.#polled(error));
      this.#watchers.add(watcher);
      return () => {
        this.#watchers.delete(watcher);
        watcher.close();
      };
    } catch (error) {
      this.#polled(error);
      return () => undefined;
    }
  }

  /** The claims come back when their leases end. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const watcher of this.#watchers) watcher.close();
  }

  /** The messages of a queue that nobody has, oldest first. */
  async #ready(queue: string): Promise<MessageFile[]> {
    this.#assertOpen();
    await this.#endLeases();
    const escaped = escapeName(queue);
    const files = await readdir(this.#options.dataFolderIn);
    return files.flatMap((file) => parseMessageFile(file) ?? []).filter((message) => message.queue === escaped).toSorted(byAge);
  }

  /** Of any process: the claims of one that died are freed by the others. */
  async #endLeases(): Promise<void> {
    const now = this.#clock.now();
    for (const file of await readdir(this.#claims)) {
      if (Number.parseInt(file, 10) <= now) await unless('ENOENT', this.#giveBack(file));
    }
  }

  /** Undefined when somebody else was faster. */
  async #claim({ file }: MessageFile): Promise<Claim | undefined> {
    const claim = { file: this.#leased(file), last: Promise.resolve() };
    const moved = rename(join(this.#options.dataFolderIn, file), join(this.#claims, claim.file));
    return (await unless('ENOENT', moved)) ? claim : undefined;
  }

  /** Undefined when the message is gone again, or is not there yet: Kombu makes the file first and then writes it. */
  async #read({ file }: Claim): Promise<string | undefined> {
    let payload: string | undefined = '';
    for (let look = 0; payload === '' && look < 20; look += 1) {
      if (look > 0) await pause(this.#clock, 5);
      payload = undefined;
      await unless('ENOENT', readFile(join(this.#claims, file), 'utf8').then((text) => (payload = text)));
    }
    return payload === '' ? undefined : payload;
  }

  /** Back to its old place, with one delivery more. */
  async #giveBack(claimed: string): Promise<void> {
    const message = parseMessageFile(messageOf(claimed));
    ...
  }

  #leased(file: string): string {
    return `${this.#clock.now() + this.leaseMs}_${file}`;
  }

  /** One operation after the other per claim; a file that is not there any more is a lease that was lost. */
  #settle(receipts: readonly Receipt[], operation: (claim: Claim) => Promise<void>): Promise<SettleOutcome[]> {
    return Promise.all(receipts.map(async (claim) => {
      ...
    }));
  }
