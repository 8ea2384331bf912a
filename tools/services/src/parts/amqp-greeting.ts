import { connect } from 'node:net';

/** Does a broker on this port answer the protocol header of AMQP 0-9-1 with `connection.start`? */
export function greetsAmqp(port: number, deadline = 2000): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('AMQP\x00\x00\x09\x01', 'latin1'));
    const end = (answer: boolean): void => {
      resolve(answer);
      socket.destroy();
    };
    socket.setTimeout(deadline, () => end(false));
    socket.once('error', () => end(false));
    socket.once('close', () => end(false));
    // A method frame on channel 0; class 10, method 10 follow its size.
    socket.once('data', (bytes) => end(bytes[0] === 1 && bytes.readUInt32BE(7) === 0x0a_00_0a));
  });
}
