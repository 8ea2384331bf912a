import { once } from 'node:events';
import { library } from '../../src/library.ts';
import { parseUrl } from '@kombu/core/spi';

/** A client that knows nothing of this library, as a peer has one. */
export interface Raw {
  /** Adds a message as Kombu does. */
  put(queue: string, payload: string, priority?: number): Promise<string>;
  children(path: string): Promise<readonly string[]>;
  data(path: string): Promise<string>;
  remove(path: string): Promise<void>;
  close(): Promise<void>;
}

/** Paths are taken below the virtual host of the URL. */
export async function connectRaw(url: string): Promise<Raw> {
  const { hostname, port, virtualHost } = parseUrl(url);
  const client = library.createClient(`${hostname}:${port}`, { sessionTimeout: 10_000 });
  const connected = once(client as unknown as NodeJS.EventEmitter, 'connected');
  client.connect();
  await connected;
  const at = (path: string): string => `/${[virtualHost, path].filter(Boolean).join('/')}`;
  const { OPEN_ACL_UNSAFE } = library.ACL;
  return {
    put: (queue, payload, priority = 0) =>
      ask((answer) => {
        const path = at(`${queue}/entry-${String(9 - priority).padStart(3, '0')}-`);
        client.create(path, Buffer.from(payload), OPEN_ACL_UNSAFE, library.CreateMode.PERSISTENT_SEQUENTIAL, answer);
      }),
    children: async (path) =>
      (await ask<readonly string[]>((answer) => client.getChildren(at(path), undefined, answer))).toSorted(),
    data: async (path) => String(await ask<Buffer>((answer) => client.getData(at(path), undefined, answer))),
    remove: (path) => ask((answer) => client.remove(at(path), answer)),
    close: async () => {
      const disconnected = once(client as unknown as NodeJS.EventEmitter, 'disconnected');
      client.close();
      await disconnected;
    },
  };
}

function ask<T>(send: (answer: (error: unknown, result?: unknown) => void) => void): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    send((error, result) => (error ? reject(error) : resolve(result as T)));
  });
}
