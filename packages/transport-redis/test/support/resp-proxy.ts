import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** The error that a command is to be answered with; undefined: it goes through. */
export type Refuse = (command: string) => string | undefined;

/** Stands before a Redis and lets it refuse some commands. */
export class RespProxy {
  static async listen(target: URL, refuse: Refuse): Promise<RespProxy> {
    const proxy = new RespProxy(target, refuse);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  readonly #server: Server;
  readonly #target: URL;
  readonly #refuse: Refuse;
  readonly #sockets = new Set<Socket>();
  /** How many connections were made so far. */
  accepted = 0;

  private constructor(target: URL, refuse: Refuse) {
    this.#target = target;
    this.#refuse = refuse;
    this.#server = createServer((socket) => this.#serve(socket));
  }

  get url(): string {
    const { port } = this.#server.address() as { port: number };
    return Object.assign(new URL(this.#target), { host: `127.0.0.1:${port}` }).href;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #serve(socket: Socket): void {
    this.accepted += 1;
    const redis = connect(Number(this.#target.port), this.#target.hostname);
    for (const each of [socket, redis]) {
      this.#sockets.add(each);
      each.on('error', () => undefined).on('close', () => [socket, redis].forEach((one) => one.destroy()));
    }
    redis.pipe(socket);
    let text = '';
    socket.on('data', (data) => {
      text += data.toString('latin1');
      for (let end = endOfCommand(text); end !== -1; end = endOfCommand(text)) {
        const command = text.slice(0, end);
        text = text.slice(end);
        const error = this.#refuse(/^\*\d+\r\n\$\d+\r\n([^\r]*)/.exec(command)?.[1]?.toUpperCase() ?? '');
        redis.write(error === undefined ? Buffer.from(command, 'latin1') : failing(error));
      }
    });
  }
}

/** A command that does nothing but fail, so that the answers keep their order. */
function failing(error: string): string {
  const args = ['EVAL', 'return redis.error_reply(ARGV[1])', '0', error];
  return `*${args.length}\r\n${args.map((arg) => `$${Buffer.byteLength(arg)}\r\n${arg}\r\n`).join('')}`;
}

/** The place behind the first command, or -1 when it is not complete. */
function endOfCommand(text: string): number {
  const count = /^\*(\d+)\r\n/.exec(text);
  if (!count) return -1;
  let at = count[0].length;
  for (let argument = 0; argument < Number(count[1]); argument++) {
    const length = /^\$(\d+)\r\n/.exec(text.slice(at, at + 20));
    if (!length) return -1;
    at += length[0].length + Number(length[1]) + 2;
  }
  return at <= text.length ? at : -1;
}
