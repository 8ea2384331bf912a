import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { inspect } from 'node:util';
import { Connection } from '@kombu/core';
import { describeService } from '@kombu/services';
import { LeakProbe } from '@kombu/testing';
import { zookeeperTransport } from '../src/index.ts';
import { outgoing, payloadsOf, take } from './support/messages.ts';
import { inNewRoot, openTestStore } from './support/stores.ts';

/** A server that does with its sockets what it is told to. */
async function fakeServer(serve: (socket: Socket) => void): Promise<Server & { readonly url: string }> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    serve(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return Object.assign(server, { url: `zookeeper://127.0.0.1:${(server.address() as AddressInfo).port}/` });
}

/** What a server says, with its length before it. */
function framed(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 + 4 * values.length);
  for (const [index, value] of [4 * values.length, ...values].entries()) bytes.writeInt32BE(value, 4 * index);
  return bytes;
}

/** Protocol, session of ten seconds, its id, and a password of no bytes. */
const granted = framed(0, 10_000, 0, 7, 0);

describe('connecting', () => {
  it('gives up in time when nobody answers, or when it is told to', async () => {
    using probe = await LeakProbe.start();
    const sockets: Socket[] = [];
    const server = await fakeServer((socket) => void sockets.push(socket));
    await expect(openTestStore(server.url, { hostTimeout: 50 })).rejects.toMatchObject({ code: 'CONNECTION_FAILED' });
    const stop = new AbortController();
    const opening = openTestStore(server.url, {}, { signal: stop.signal });
    setImmediate(() => stop.abort());
    await expect(opening).rejects.toMatchObject({ code: 'ABORTED' });
    await expect(openTestStore(server.url, {}, { signal: stop.signal })).rejects.toMatchObject({ code: 'ABORTED' });
    for (const socket of sockets) socket.destroy();
    server.close();
    await probe.assertClean();
  });

  it('tells the reason of each of its servers’ last', async () => {
    const opening = openTestStore('zookeeper://127.0.0.1:1,127.0.0.1:2/');
    await expect(opening).rejects.toMatchObject({
      code: 'CONNECTION_FAILED',
      message: expect.stringMatching(/127\.0\.0\.1:1, 127\.0\.0\.1:2.*ECONNREFUSED/) as string,
    });
  });

  it.each([
    ['no ZooKeeper', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
    ['nonsense', Buffer.concat([granted, framed(99, 0, 0, 0)])],
    ['an answer to nothing', Buffer.concat([granted, framed(1, 0, 1, 0)])],
    ['too little', Buffer.concat([granted, framed(0)])],
  ])('ends when it hears %s', async (_what, bytes) => {
    const server = await fakeServer((socket) => socket.write(bytes));
    await expect(openTestStore(server.url, { hostTimeout: 2000 })).rejects.toMatchObject({ name: 'ConnectionError' });
    server.close();
  });

  it('survives an answer that the client library does not know', async () => {
    const server = await fakeServer((socket) => {
      let isFirst = true;
      socket.on('data', (bytes) => {
        if (isFirst) socket.write(granted);
        else
          for (let at = 0, size = 0; at < bytes.length; at += 4 + size) {
            size = bytes.readInt32BE(at);
            // A quota is exceeded.
            socket.write(framed(bytes.readInt32BE(at + 4), 0, 1, -125));
          }
        isFirst = false;
      });
    });
    const opening = openTestStore(server.url);
    await expect(opening).rejects.toThrow(/does not know: Unknown code: -125/);
    server.close();
  });
});

await describeService('zookeeper', 'an ensemble', ({ url }) => {
  it('is found by any of its members', async () => {
    const { host, pathname } = new URL(inNewRoot(url));
    for (const given of [
      `zk://127.0.0.1:1,${host}${pathname}`,
      `zookeeper://127.0.0.1:1${pathname};zookeeper://${host}`,
    ]) {
      const store = await openTestStore(given);
      await store.put('q', [outgoing('a')]);
      await store.close();
    }
    const store = await openTestStore(`zookeeper://${host}${pathname}`);
    expect(payloadsOf(await take(store, 'q'))).toEqual(['a', 'a']);
    await store.close();
  });

  it('has virtual hosts that know nothing of each other', async () => {
    const root = inNewRoot(url);
    const [one, deep] = await Promise.all([openTestStore(root), openTestStore(`${root}/a/b`)]);
    await one.put('q', [outgoing('one')]);
    expect(await deep.exists('q')).toBe(false);
    await deep.put('q', [outgoing('deep')]);
    expect(payloadsOf(await take(one, 'q'))).toEqual(['one']);
    expect(payloadsOf(await take(deep, 'q'))).toEqual(['deep']);
    await Promise.all([one.close(), deep.close()]);
  });

  it('keeps what is made by a user from all others, and tells them no secrets', async () => {
    const root = inNewRoot(url);
    const as = (user: string): string => root.replace('://', `://${user}@`);
    const mine = await openTestStore(as('alice:s3cret-word'));
    await mine.put('q', [outgoing('a')]);
    for (const other of [root, as('alice:wr0ng-word')]) {
      const attempt = new Connection(other, { transport: zookeeperTransport }).connect();
      const error: unknown = await attempt.catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: 'ACCESS_REFUSED' });
      expect(inspect(error, { depth: 10 })).not.toMatch(/s3cret|wr0ng/);
    }
    const same = await openTestStore(as('alice:s3cret-word'));
    expect(payloadsOf(await take(same, 'q'))).toEqual(['a']);
    await Promise.all([mine.close(), same.close()]);
  });
});
