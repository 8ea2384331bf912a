import { connect as connectPlain } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { ConnectionOptions as TlsOptions } from 'node:tls';
import { writeFieldTable } from './wire/field-table-writer.ts';
import { FrameReader } from './wire/frame-reader.ts';
import type { Frame } from './wire/frame-reader.ts';
import { frameEnd, frameMethod } from './wire/methods.ts';
import { WriteBuffer } from './wire/write-buffer.ts';

const start = 0x00_0a_00_0a;
const startOk = 0x00_0a_00_0b;
const tune = 0x00_0a_00_1e;
const tuneOk = 0x00_0a_00_1f;
const open = 0x00_0a_00_28;
const close = 0x00_0a_00_32;

/** Whom to ask, and as whom. */
export interface Probe {
  readonly hostname: string;
  readonly port: number;
  readonly tls: TlsOptions | undefined;
  readonly virtualHost: string;
  readonly credentials: { readonly mechanism: string; response(): Buffer };
}

/**
 * Opens a connection by hand, as far as the virtual host, to hear why the broker refuses it: amqplib throws the broker's
 * words away. Undefined when they cannot be had, or when the broker does not refuse any more.
 */
export function askWhyRefused(probe: Probe, signal: AbortSignal): Promise<Error | undefined> {
  return new Promise((resolve) => {
    const { hostname: host, port, tls } = probe;
    const socket = tls ? connectTls({ host, port, ...tls }) : connectPlain({ host, port });
    const done = (refusal?: Error): void => {
      signal.removeEventListener('abort', giveUp);
      socket.destroy();
      resolve(refusal);
    };
    const giveUp = (): void => done();
    signal.addEventListener('abort', giveUp, { once: true });
    const frames = new FrameReader(2 ** 20);
    socket.once(tls ? 'secureConnect' : 'connect', () => socket.write('AMQP\u0000\u0000\u0009\u0001', 'latin1'));
    socket.on('error', giveUp);
    socket.on('end', giveUp);
    socket.on('data', (bytes: Buffer) => {
      try {
        frames.push(bytes);
        for (let frame = frames.next(); frame; frame = frames.next()) answer(socket, frame, probe, done);
      } catch {
        done();
      }
    });
  });
}

function answer(socket: Socket, { payload }: Frame, probe: Probe, done: (refusal?: Error) => void): void {
  switch (payload.readUInt32BE(0)) {
    case start:
      return send(socket, startOk, (out) => {
        writeFieldTable(out, { capabilities: { authentication_failure_close: true } });
        out.shortString(probe.credentials.mechanism, 'The login method');
        const response = probe.credentials.response();
        out.uint32(response.length);
        out.raw(response);
        out.shortString('en_US', 'The locale');
      });
    case tune:
      // What the broker proposes: channels, frame size, heartbeat.
      send(socket, tuneOk, (out) => out.raw(payload.subarray(4, 12)));
      return send(socket, open, (out) => {
        out.shortString(probe.virtualHost, 'The virtual host');
        out.uint16(0);
      });
    case close:
      return done(refusalOf(payload));
    default:
      return done();
  }
}

function send(socket: Socket, method: number, write: (out: WriteBuffer) => void): void {
  const out = new WriteBuffer();
  out.uint8(frameMethod);
  out.uint16(0);
  const length = out.openLength();
  out.uint32(method);
  write(out);
  out.fillLength(length);
  out.uint8(frameEnd);
  socket.write(out.take());
}

function refusalOf(payload: Buffer): Error {
  const code = payload.readUInt16BE(4);
  const text = payload.toString('utf8', 7, 7 + (payload[6] ?? 0));
  return Object.assign(new Error(`RabbitMQ refused the connection: ${code} ${text}`), { code });
}
