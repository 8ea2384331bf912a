import { amqpTransport } from '../src/index.ts';
import { frameBody, frameHeader, frameMethod } from '../src/wire/methods.ts';
import { eventually } from './support/eventually.ts';
import { methodOf } from './support/frames.ts';
import { RawChannel } from './support/raw-channel.ts';
import { ScriptedBroker } from './support/scripted-broker.ts';
import type { ScriptedLink } from './support/scripted-broker.ts';

let broker: ScriptedBroker;

beforeEach(async () => {
  broker = await ScriptedBroker.listen();
});
afterEach(() => broker[Symbol.asyncDispose]());

/** A connection with a consumer `c` on channel 1. */
async function consuming(): Promise<RawChannel & { readonly link: ScriptedLink }> {
  const raw = await RawChannel.open(broker.url);
  await raw.consume('q');
  return Object.assign(raw, { link: broker.links[0] as ScriptedLink });
}

const deliver = (tag: bigint): Buffer => methodOf(60, 60, `01 63 ${tag.toString(16).padStart(16, '0')} 00 00 01 6b`);

const header = (size: bigint): Buffer => {
  const payload = Buffer.alloc(14);
  payload.writeUInt16BE(60, 0);
  payload.writeBigUInt64BE(size, 4);
  return payload;
};

type SentFrame = readonly [type: number, channel: number, payload: Buffer];

const empty = (tag: bigint): readonly SentFrame[] => [
  [frameMethod, 1, deliver(tag)],
  [frameHeader, 1, header(0n)],
];

describe('a broker that breaks the protocol', () => {
  it.each<[string, readonly SentFrame[], sound?: number]>([
    ['a method that is cut off', [[frameMethod, 1, Buffer.from([0])]]],
    ['a delivery that is cut off', [[frameMethod, 1, methodOf(60, 60, '01 63 00')]]],
    ['a method that does not exist', [[frameMethod, 1, methodOf(99, 11, '')]]],
    ['a frame of an unknown type', [[7, 1, Buffer.from('x')]]],
    ['a method on a channel that nobody opened', [[frameMethod, 77, methodOf(60, 21, '01 63')]]],
    ['a content method on channel 0', [[frameMethod, 0, methodOf(60, 21, '01 63')]]],
    ['the end of a consumer that nobody has', [[frameMethod, 1, methodOf(60, 30, '01 7a 00')]]],
    ['a delivery tag far beyond the last', [...empty(1n), ...empty(4_000_000_000n)], 1],
    ['a delivery tag twice', [...empty(1n), ...empty(1n)], 1],
    [
      'a body larger than any can be',
      [
        [frameMethod, 1, deliver(1n)],
        [frameHeader, 1, header(2n ** 62n)],
      ],
    ],
    [
      'a message in the middle of another',
      [
        [frameMethod, 1, deliver(1n)],
        [frameHeader, 1, header(3n)],
        [frameMethod, 1, deliver(2n)],
        [frameBody, 1, Buffer.from('abc')],
      ],
    ],
  ])('by %s loses the connection at once, and nothing hangs', async (_, frames, sound = 0) => {
    // No goodbye is answered.
    broker.deaf.add('10.50');
    const { connection, channel, deliveries, link } = await consuming();
    const pending = channel.purgeQueue('q').catch((error: unknown) => error);
    for (const frame of frames) link.frame(...frame);
    expect(amqpTransport.classify(await connection.closed)).toBe('CONNECTION_LOST');
    expect(await pending).toMatchObject({ code: 'CONNECTION_LOST' });
    // What was sound before the breach has come; nothing of the rest has.
    expect(deliveries).toHaveLength(sound);
    await expect(channel.purgeQueue('q')).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
    await eventually('the end of the socket', () => link.socket.destroyed);
    await connection.close();
  });

  it('by an answer that nobody asked for loses the connection too', async () => {
    const { connection, link } = await consuming();
    link.method(1, 60, 11);
    expect(amqpTransport.classify(await connection.closed)).toBe('CONNECTION_LOST');
  });
});
