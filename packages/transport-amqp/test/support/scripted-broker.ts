import type { AddressInfo, Server, Socket } from 'node:net';
import { createServer } from 'node:net';
import { FrameReader } from '../../src/wire/frame-reader.ts';
import type { Frame } from '../../src/wire/frame-reader.ts';
import { frameMethod } from '../../src/wire/methods.ts';
import { frameOf, methodOf } from './frames.ts';

/** Answers to what clients ask, as class, method and hexadecimal arguments, by class and method of the question. */
const answers: Readonly<Record<string, readonly [number, number, string]>> = {
  // Channels, frame size, no heartbeats.
  '10.11': [10, 30, '07ff 00020000 0000'],
  '10.40': [10, 41, '00'],
  '10.50': [10, 51, ''],
  '20.10': [20, 11, '00000000'],
  '20.40': [20, 41, ''],
  '50.10': [50, 11, '01 71 00000000 00000000'],
  '60.10': [60, 11, ''],
  '60.20': [60, 21, '01 63'],
  '60.30': [60, 31, '01 63'],
  '85.10': [85, 11, ''],
};

/** A link of a client. */
export class ScriptedLink {
  /** What the client said, as `class.method`, in order. */
  readonly heard: string[] = [];
  readonly socket: Socket;

  constructor(socket: Socket) {
    this.socket = socket;
  }

  method(channel: number, classId: number, methodId: number, args = ''): void {
    this.frame(frameMethod, channel, methodOf(classId, methodId, args));
  }

  frame(type: number, channel: number, payload: Uint8Array): void {
    this.socket.write(frameOf(type, channel, payload));
  }
}

/** A broker of a few lines, for what no real one does: it lets everybody in, and says whatever it is told to say. */
export class ScriptedBroker implements AsyncDisposable {
  readonly links: ScriptedLink[] = [];
  /** Questions, as `class.method`, that it leaves without an answer. */
  readonly deaf = new Set<string>();
  readonly #server: Server = createServer((socket) => this.#accept(socket));

  static async listen(): Promise<ScriptedBroker> {
    const broker = new ScriptedBroker();
    await new Promise<void>((resolve) => broker.#server.listen(0, '127.0.0.1', resolve));
    return broker;
  }

  get url(): string {
    return `amqp://127.0.0.1:${(this.#server.address() as AddressInfo).port}//`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { socket } of this.links) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(socket: Socket): void {
    const link = new ScriptedLink(socket.on('error', () => {}));
    this.links.push(link);
    const frames = new FrameReader(2 ** 20);
    let isGreeted = false;
    socket.on('data', (bytes: Buffer) => {
      frames.push(isGreeted ? bytes : bytes.subarray(8));
      // Version, no properties, PLAIN, en_US.
      if (!isGreeted) link.method(0, 10, 10, '0009 00000000 00000005 504c41494e 00000005 656e5f5553');
      isGreeted = true;
      for (let frame = frames.next(); frame; frame = frames.next()) this.#hear(link, frame);
    });
  }

  #hear(link: ScriptedLink, { type, channel, payload }: Frame): void {
    if (type !== frameMethod) return;
    const question = `${payload.readUInt16BE(0)}.${payload.readUInt16BE(2)}`;
    link.heard.push(question);
    const answer = this.deaf.has(question) ? undefined : answers[question];
    if (answer) link.method(channel, ...answer);
  }
}
