import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import type { AddressInfo, ListenOptions, Server, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';

import { TcpProxy } from '../../src/fault/tcp-proxy.ts';
import { ManualClock } from '../../src/manual-clock.ts';

/** A broker that sends back what it gets and remembers it. */
class EchoServer {
  readonly received: Buffer[] = [];
  readonly sockets: Socket[] = [];
  readonly errors: string[] = [];
  echoes = true;
  readonly #server: Server = createServer((socket) => {
    this.sockets.push(socket);
    socket.on('data', (data: Buffer) => {
      this.received.push(data);
      if (this.echoes) socket.write(data);
    });
    socket.on('error', (error: NodeJS.ErrnoException) => this.errors.push(error.code ?? ''));
  });

  get text(): string {
    return Buffer.concat(this.received).toString();
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async listen(where: ListenOptions = { port: 0, host: '127.0.0.1' }): Promise<this> {
    this.#server.listen(where);
    await once(this.#server, 'listening');
    return this;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    if (!this.#server.listening) return;
    this.#server.close();
    await once(this.#server, 'close');
  }
}

/** A client that remembers what happened to it. */
class Client {
  readonly socket: Socket;
  readonly chunks: Buffer[] = [];
  error: string | undefined;
  ended = false;
  closed = false;

  constructor(port: number, allowHalfOpen = false) {
    this.socket = connect({ port, host: '127.0.0.1', allowHalfOpen, noDelay: true });
    this.socket.on('data', (data: Buffer) => this.chunks.push(data));
    this.socket.on('error', (error: NodeJS.ErrnoException) => (this.error = error.code));
    this.socket.on('end', () => (this.ended = true));
    this.socket.on('close', () => (this.closed = true));
  }

  get text(): string {
    return Buffer.concat(this.chunks).toString();
  }

  send(text: string): boolean {
    return this.socket.write(text);
  }
}

async function until(condition: () => boolean, what: string): Promise<void> {
  const giveUpAt = performance.now() + 4000;
  while (!condition()) {
    if (performance.now() > giveUpAt) throw new Error(`Not seen: ${what}`);
    await turn();
  }
}

/** Enough turns for bytes to cross two loopback hops, were they allowed to. */
async function quiet(): Promise<void> {
  for (let count = 0; count < 50; count++) await turn();
}

describe('TcpProxy', () => {
  let server: EchoServer;
  let proxy: TcpProxy;
  let clients: Client[];

  beforeEach(async () => {
    server = await new EchoServer().listen();
    proxy = await TcpProxy.listen({ target: { host: '127.0.0.1', port: server.port } });
    clients = [];
  });
  afterEach(async () => {
    for (const { socket } of clients) socket.destroy();
    await proxy.close();
    await server.close();
  });

  const open = (allowHalfOpen = false): Client => {
    const client = new Client(proxy.port, allowHalfOpen);
    clients.push(client);
    return client;
  };
  /** A client whose link has carried bytes both ways. */
  const openWarm = async (allowHalfOpen = false): Promise<Client> => {
    const client = open(allowHalfOpen);
    client.send('hello ');
    await until(() => client.text === 'hello ', 'the first echo');
    return client;
  };

  it('forwards both ways and counts', async () => {
    const client = await openWarm();
    expect(proxy.bytes).toEqual({ upstream: 6, downstream: 6 });
    expect(proxy.connections).toHaveLength(1);
    client.socket.end('bye');
    await until(() => client.closed && proxy.connections.length === 0, 'the end of the link');
    expect(client.text).toBe('hello bye');
    expect(client.error).toBeUndefined();
    expect(proxy.bytes).toEqual({ upstream: 9, downstream: 9 });
    expect(proxy.accepted).toBe(1);
  });

  it('carries megabytes unchanged, with back-pressure', async () => {
    const data = randomBytes(3_000_000);
    const client = open();
    client.socket.end(data);
    await until(() => client.closed, 'all echoes');
    expect(Buffer.concat(client.chunks).equals(data)).toBe(true);
  });

  it('passes on the back-pressure of a broker that does not read', async () => {
    const client = await openWarm();
    server.sockets[0]?.pause();
    const chunk = 'x'.repeat(64 * 1024);
    let sent = 0;
    while (client.socket.writableLength < 1024 * 1024 && sent < 64 * 1024 * 1024) {
      client.send(chunk);
      sent += chunk.length;
      await turn();
    }
    expect(client.socket.writableLength).toBeGreaterThanOrEqual(1024 * 1024);
    server.echoes = false;
    server.sockets[0]?.resume();
    await until(() => server.text.length === 6 + sent, 'all bytes');
  });

  it('puts its address into a URL and changes nothing else', () => {
    const at = `127.0.0.1:${proxy.port}`;
    expect(proxy.url('amqp://us%40er:p@ss@broker.example:5672/%2f?heartbeat=5')).toBe(
      `amqp://us%40er:p@ss@${at}/%2f?heartbeat=5`,
    );
    expect(proxy.url('redis://localhost')).toBe(`redis://${at}`);
    expect(proxy.url('mongodb://a:1,b:2/db')).toBe(`mongodb://${at}/db`);
  });

  it('refuse: new connections get ECONNREFUSED, live ones go on, heal listens on the same port', async () => {
    const live = await openWarm();
    const { port } = proxy;
    proxy.refuse();
    const refused = open();
    await until(() => refused.closed, 'a refusal');
    expect(refused.error).toBe('ECONNREFUSED');
    live.send('still');
    await until(() => live.text === 'hello still', 'an echo on the live link');
    await Promise.all([proxy.heal(), proxy.heal()]);
    expect(proxy.port).toBe(port);
    await openWarm();
  });

  it('refuse while heal is listening again: refuses', async () => {
    proxy.refuse();
    const healed = proxy.heal();
    proxy.refuse();
    await healed;
    const refused = open();
    await until(() => refused.closed, 'a refusal');
    expect(refused.error).toBe('ECONNREFUSED');
  });

  it('reset: RST both ways, and a new connection works', async () => {
    const client = await openWarm();
    proxy.reset();
    await until(() => client.closed && server.errors.length > 0, 'two resets');
    expect(client.error).toBe('ECONNRESET');
    expect(server.errors).toEqual(['ECONNRESET']);
    await until(() => proxy.connections.length === 0, 'a link less');
    await openWarm();
  });

  it('reset downstream: only the client is told', async () => {
    const client = await openWarm();
    proxy.reset('downstream');
    await until(() => client.closed, 'the reset');
    expect(client.error).toBe('ECONNRESET');
    await quiet();
    expect(server.errors).toEqual([]);
    expect(server.sockets.map(({ closed }) => closed)).toEqual([false]);
  });

  it('reset of one connection leaves the other alone', async () => {
    const [first, second] = [await openWarm(), await openWarm()];
    proxy.connections[0]?.reset();
    await until(() => first.closed, 'the reset');
    second.send('alive');
    await until(() => second.text === 'hello alive', 'an echo');
  });

  it('passes on the RST of a broker', async () => {
    const client = await openWarm();
    server.sockets[0]?.write('last');
    await until(() => client.text === 'hello last', 'the last bytes');
    server.sockets[0]?.resetAndDestroy();
    await until(() => client.closed, 'the reset');
    expect(client.error).toBe('ECONNRESET');
  });

  it('resets a client when the broker is not there', async () => {
    await server.close();
    const client = open();
    await until(() => client.closed, 'the end');
    expect(client.error).toBe('ECONNRESET');
  });

  it('blackhole: silence while the socket is open; what was sent passes after heal', async () => {
    const client = await openWarm();
    proxy.blackhole();
    client.send('lost?');
    await quiet();
    expect(server.text).toBe('hello ');
    expect([client.closed, client.ended, client.error]).toEqual([false, false, undefined]);
    await proxy.heal();
    await until(() => client.text === 'hello lost?', 'the echo after heal');
  });

  it('blackhole: the broker is not told that the client is gone until heal', async () => {
    const client = await openWarm();
    proxy.blackhole();
    client.socket.destroy();
    await quiet();
    expect(server.sockets[0]?.readableEnded).toBe(false);
    await proxy.heal();
    await until(() => server.sockets[0]?.destroyed === true, 'the end at the broker');
  });

  it('blackhole holds for new connections, and in one direction only if asked to', async () => {
    proxy.blackhole('downstream');
    const client = open();
    client.send('heard');
    await until(() => server.text === 'heard', 'the way up');
    await quiet();
    expect(client.text).toBe('');
    await proxy.heal();
    await until(() => client.text === 'heard', 'the way down');
  });

  it('stall: the buffer of the client fills up, and drains after heal', async () => {
    const client = await openWarm();
    server.echoes = false;
    proxy.stall();
    const chunk = 'x'.repeat(64 * 1024);
    let sent = 0;
    // Kernel buffers take some megabytes before the client has to keep bytes itself.
    while (client.socket.writableLength < 1024 * 1024 && sent < 64 * 1024 * 1024) {
      client.send(chunk);
      sent += chunk.length;
      await turn();
    }
    expect(client.socket.writableNeedDrain).toBe(true);
    expect(client.socket.writableLength).toBeGreaterThanOrEqual(1024 * 1024);
    const drained = once(client.socket, 'drain');
    await proxy.heal();
    await drained;
    await until(() => server.text.length === 6 + sent, 'all bytes');
  });

  it('halfClose: the client sees an end and can still send', async () => {
    const client = await openWarm(true);
    proxy.halfClose();
    await until(() => client.ended, 'the end');
    client.send('heard');
    await until(() => server.text === 'hello heard', 'the other direction');
    expect([client.closed, client.error]).toEqual([false, undefined]);
    expect(client.text).toBe('hello ');
  });

  it('halfClose upstream: the broker sees an end, the client does not', async () => {
    server.echoes = false;
    const client = open();
    client.send('hello');
    await until(() => server.text === 'hello', 'the way up');
    proxy.halfClose('upstream');
    await until(() => server.sockets[0]?.readableEnded === true, 'the end at the broker');
    expect(client.error).toBeUndefined();
  });

  it('delay: bytes come later, in order', async () => {
    await proxy.close();
    const clock = new ManualClock();
    proxy = await TcpProxy.listen({ target: { host: '127.0.0.1', port: server.port }, clock });
    const client = await openWarm();
    proxy.delay(100, 'upstream');
    for (const word of ['one ', 'two ', 'three']) {
      client.send(word);
      await quiet();
      await clock.advance(30);
    }
    expect(server.text).toBe('hello ');
    await clock.advance(10);
    await until(() => server.text === 'hello one ', 'the first word');
    await quiet();
    expect(server.text).toBe('hello one ');
    await clock.advance(100);
    await until(() => client.text === 'hello one two three', 'all words');
    expect(clock.pending).toBe(0);
  });

  it('delay: an end does not overtake bytes, and heal lets all pass at once', async () => {
    const client = await openWarm();
    proxy.delay(3_600_000);
    client.socket.end('bye');
    await quiet();
    expect(server.text).toBe('hello ');
    await proxy.heal();
    await until(() => client.closed, 'the end');
    expect(client.text).toBe('hello bye');
  });

  it('slice: small pieces that make the whole again', async () => {
    const client = await openWarm();
    proxy.slice(3, 0, 'upstream');
    client.send('abcdefghij');
    await until(() => client.text === 'hello abcdefghij', 'the whole');
    expect(server.received.length).toBeGreaterThan(2);
    expect(() => proxy.slice(0)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });

  it('slice: pauses between the pieces', async () => {
    await proxy.close();
    const clock = new ManualClock();
    proxy = await TcpProxy.listen({ target: { host: '127.0.0.1', port: server.port }, clock });
    const client = await openWarm();
    proxy.slice(4, 50, 'upstream');
    client.send('abcdefghij');
    await until(() => server.text === 'hello abcd', 'the first piece');
    await quiet();
    expect(server.text).toBe('hello abcd');
    await clock.advance(50);
    await until(() => server.text === 'hello abcdefgh', 'the second piece');
    await clock.advance(50);
    await until(() => server.text === 'hello abcdefghij', 'the third piece');
  });

  it.each([
    [0, 'reset'],
    [1, 'reset'],
    [9, 'reset'],
    [10_000, 'reset'],
    [0, 'end'],
    [1, 'end'],
    [65_537, 'end'],
    [200_000, 'end'],
  ] as const)('cutAfter: exactly %d bytes pass upstream, then the receiver sees: %s', async (bytes, receiverSees) => {
    const client = await openWarm();
    server.echoes = false;
    proxy.cutAfter(bytes, 'upstream', receiverSees);
    client.send('x'.repeat(200_000));
    await until(() => client.closed, 'the cut');
    await until(() => server.sockets[0]?.destroyed === true, 'the cut at the broker');
    expect(client.error).toMatch(/ECONNRESET|EPIPE/);
    expect(server.text.length - 'hello '.length).toBe(bytes);
    expect(server.errors).toEqual(receiverSees === 'reset' ? ['ECONNRESET'] : []);
  });

  it('cutAfter downstream: the client gets exactly so many bytes', async () => {
    const client = await openWarm();
    proxy.cutAfter(4, 'downstream');
    client.send('abcdefghij');
    await until(() => client.closed, 'the cut');
    expect(client.text).toBe('hello abcd');
    expect(client.error).toBe('ECONNRESET');
  });

  it('cutAfter strikes once: a new connection counts from its first byte, the one after that is spared', async () => {
    proxy.cutAfter(3, 'upstream');
    const first = open();
    first.send('abcdef');
    await until(() => first.closed, 'the cut');
    await until(() => server.text === 'abc', 'the bytes before the cut');
    await openWarm();
  });

  it('cutAfter is forgotten on heal', async () => {
    const client = await openWarm();
    proxy.cutAfter(3, 'upstream');
    await proxy.heal();
    client.send('abcdef');
    await until(() => client.text === 'hello abcdef', 'the echo');
  });

  it.each(['blackhole', 'stall', 'refuse', 'heal'] as const)('close settles after %s', async (state) => {
    const client = await openWarm();
    await proxy[state]();
    client.send('x'.repeat(100_000));
    await Promise.all([proxy.close(), proxy[Symbol.asyncDispose]()]);
    expect(proxy.connections).toEqual([]);
    await until(() => client.closed, 'the end of the client');
    await proxy.heal();
    const refused = open();
    await until(() => refused.closed, 'a refusal');
    expect(refused.error).toBe('ECONNREFUSED');
  });

  it('says how many connections there are when it waits in vain', async () => {
    open();
    await proxy.connected();
    await expect(proxy.connected(2, 1)).rejects.toThrow('1 of 2 connections');
  });

  it('reaches a unix socket', async () => {
    const path = join(tmpdir(), `kombu-proxy-${process.pid}.sock`);
    const other = await new EchoServer().listen({ path });
    await proxy.close();
    proxy = await TcpProxy.listen({ target: { path } });
    const client = await openWarm();
    proxy.reset();
    await until(() => client.closed && other.sockets[0]?.destroyed === true, 'the reset');
    expect(client.error).toBe('ECONNRESET');
    await other.close();
    rmSync(path, { force: true });
  });
});
