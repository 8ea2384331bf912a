import { connect } from 'node:net';

/** Does a server on this port answer the command `hello` of the MongoDB wire protocol? */
export function answersHello(port: number, deadline = 2000): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(message(hello)));
    const end = (answer: boolean): void => {
      resolve(answer);
      socket.destroy();
    };
    socket.setTimeout(deadline, () => end(false));
    socket.once('error', () => end(false));
    socket.once('close', () => end(false));
    // The answer names our request, and is an OP_MSG too.
    socket.once('data', (bytes) =>
      end(bytes.length >= 16 && bytes.readInt32LE(8) === requestId && bytes.readInt32LE(12) === opMsg),
    );
  });
}

const requestId = 1;
const opMsg = 2013;

/** `{ hello: 1, $db: 'admin' }` in BSON. */
const hello = document([int32('hello', 1), text('$db', 'admin')]);

function message(body: Buffer): Buffer {
  const header = Buffer.alloc(21);
  header.writeInt32LE(header.length + body.length, 0);
  header.writeInt32LE(requestId, 4);
  header.writeInt32LE(opMsg, 12);
  return Buffer.concat([header, body]);
}

function document(elements: readonly Buffer[]): Buffer {
  const body = Buffer.concat([...elements, Buffer.alloc(1)]);
  return Buffer.concat([size(body.length + 4), body]);
}

function int32(name: string, value: number): Buffer {
  return Buffer.concat([Buffer.from(`\x10${name}\0`), size(value)]);
}

function text(name: string, value: string): Buffer {
  return Buffer.concat([Buffer.from(`\x02${name}\0`), size(value.length + 1), Buffer.from(`${value}\0`)]);
}

function size(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
}
