import { watch } from 'node:fs';
import { mkdir, readFile, readdir, rename, stat, unlink, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, QueueStore, SettleOutcome, StoredMessage } from '@kombu/core/spi';
import { ConnectionError, putEach } from '@kombu/core/spi';
import { bindingsIn } from './bindings.ts';
import { on, replaceFile } from './files.ts';
import { byAge, deliveriesOf, isOf, newMessage, returned } from './names.ts';
import type { FilesystemOptions } from './options.ts';

/** Queues in a folder of messages. Whoever moves a file to the claims has the message: only one can. */
export async function openStore(options: FilesystemOptions, clock: Clock): Promise<QueueStore<string>> {
  const { dataFolderIn, dataFolderOut, controlFolder, leaseMs } = options;
  // Below the messages, so that moves stay in one file system. Kombu passes over it.
  const claims = join(dataFolderIn, 'claims');
  for (const folder of [claims, dataFolderOut, controlFolder]) await mkdir(folder, { recursive: true });
  const closed = new AbortController();

  const ready = (file: string): string => join(dataFolderIn, file);
  const claimed = (file: string): string => join(claims, file);

  /** The last change of a claim's file is the end of its lease. */
  const lease = (path: string): Promise<void> => {
    const until = new Date(clock.now() + leaseMs);
    return utimes(path, until, until);
  };

  const claim = async (file: string): Promise<string> => {
    await lease(ready(file));
    await rename(ready(file), claimed(file));
    return readFile(claimed(file), 'utf8');
  };

  const giveBack = (file: string): Promise<void> => rename(claimed(file), ready(returned(file)));

  /** Of all processes: the living free what a dead one had claimed. */
  const endLeases = async (queue: string): Promise<void> => {
    for (const file of (await readdir(claims)).filter(isOf(queue))) {
      const { mtimeMs } = await stat(claimed(file)).catch(on('ENOENT', { mtimeMs: Infinity }));
      if (mtimeMs <= clock.now()) await giveBack(file).catch(on('ENOENT', undefined));
    }
  };

  const listReady = async (queue: string): Promise<string[]> => {
    closed.signal.throwIfAborted();
    await endLeases(queue);
    return (await readdir(dataFolderIn)).filter(isOf(queue)).toSorted(byAge);
  };

  const purge = async (queue: string): Promise<number> => {
    const outcomes = await settle(await listReady(queue), (file) => unlink(ready(file)));
    return outcomes.filter((outcome) => outcome === 'ok').length;
  };

  return {
    leaseMs,
    bindings: bindingsIn(controlFolder),
    async put(queue, messages) {
      closed.signal.throwIfAborted();
      return putEach(messages, ({ payload }) => replaceFile(join(dataFolderOut, newMessage(queue)), () => payload));
    },
    async get(queue, { max, signal }) {
      const taken: StoredMessage<string>[] = [];
      for (const file of await listReady(queue)) {
        if (taken.length === max || signal.aborted) break;
        // Another reader may be faster. Kombu makes a file before it writes it: what is empty comes back with its lease.
        const payload = await claim(file).catch(on('ENOENT', ''));
        if (payload !== '') taken.push({ payload, receipt: file, deliveryCount: deliveriesOf(file) });
      }
      return taken;
    },
    ack: (_queue, files) => settle(files, (file) => unlink(claimed(file))),
    release: (_queue, files) => settle(files, giveBack),
    renew: (_queue, files) => settle(files, (file) => lease(claimed(file))),
    size: async (queue) => (await listReady(queue)).length,
    purge,
    async delete(queue) {
      await purge(queue);
      await settle((await readdir(claims)).filter(isOf(queue)), (file) => unlink(claimed(file)));
    },
    watch(queue, wake) {
      const isOurs = isOf(queue);
      const watcher = watch(dataFolderIn, { persistent: false }, (_event, file) => {
        if (file === null || isOurs(file)) wake();
      });
      watcher.on('error', wake);
      return () => watcher.close();
    },
    async close() {
      closed.abort(new ConnectionError('The connection to the folders was closed', { code: 'CLOSED' }));
    },
  };
}

/** A claim whose file is gone is a lease that was lost. */
function settle(files: readonly string[], how: (file: string) => Promise<void>): Promise<SettleOutcome[]> {
  return Promise.all(files.map((file) => how(file).then(() => 'ok' as const, on('ENOENT', 'lease-lost' as const))));
}
