import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the gateway does with a call: passes it on, keeps the answer for itself, closes the socket, answers never or by itself. */
export type Verdict = 'pass' | 'keep' | 'reset' | 'never' | { readonly status: number; readonly body: string };

/** An answer as SQS refuses a call. */
export function refusal(code: string, status = 400): Verdict {
  return { status, body: JSON.stringify({ __type: `com.amazonaws.sqs#${code}`, message: code }) };
}

/** Stands between a client and SQS: counts the calls, and misbehaves on demand. */
export class Gateway {
  readonly url: string;
  /** The actions in the order of their calls, such as `ReceiveMessage`. */
  readonly calls: string[] = [];
  /** Asked for each call. */
  judge: (action: string, body: string) => Verdict = () => 'pass';
  readonly #server: Server;
  readonly #target: URL;

  private constructor(server: Server, target: URL) {
    const { port } = server.address() as AddressInfo;
    this.url = `sqs://key:secret@127.0.0.1:${port}`;
    this.#server = server;
    this.#target = target;
  }

  /** @param url - of SQS, as a connection takes it. */
  static async listen(url: string): Promise<Gateway> {
    const server = createServer((from, to) => void gateway.#serve(from, to));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const gateway = new Gateway(server, new URL(url.replace(/^sqs:/, 'http:')));
    return gateway;
  }

  count(action: string): number {
    return this.calls.filter((call) => call === action).length;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #serve(from: IncomingMessage, to: ServerResponse): Promise<void> {
    const body = await textOf(from);
    const action = String(from.headers['x-amz-target']).replace('AmazonSQS.', '');
    this.calls.push(action);
    const verdict = this.judge(action, body);
    if (verdict === 'reset') return void from.socket.destroy();
    if (verdict === 'never') return;
    if (verdict === 'pass' || verdict === 'keep') return this.#pass(from, body, to, verdict === 'keep');
    to.writeHead(verdict.status, { 'content-type': 'application/x-amz-json-1.0' }).end(verdict.body);
  }

  #pass({ headers }: IncomingMessage, body: string, to: ServerResponse, keep: boolean): void {
    const { hostname, port } = this.#target;
    const onward = request({ hostname, port, path: '/', method: 'POST', headers }, (answer) => {
      if (keep) answer.resume();
      else answer.pipe(to.writeHead(answer.statusCode ?? 500, answer.headers));
    });
    onward.once('error', () => to.destroy());
    onward.end(body);
  }
}

async function textOf(message: IncomingMessage): Promise<string> {
  let text = '';
  message.setEncoding('utf8');
  for await (const part of message) text += String(part);
  return text;
}
