import * as fc from 'fast-check';
import { ContentReader } from '../../src/wire/content-reader.ts';
import { FrameReader } from '../../src/wire/frame-reader.ts';
import { frameBody, frameHeader, frameMethod } from '../../src/wire/methods.ts';
import { TextCache } from '../../src/wire/text-cache.ts';
import { frameOf, methodOf } from '../support/frames.ts';

const header = (size: number): Buffer => {
  const payload = Buffer.alloc(14);
  payload.writeUInt16BE(60, 0);
  payload.writeBigUInt64BE(BigInt(size), 4);
  return payload;
};
const deliver = methodOf(60, 60, '01 63 0000000000000005 01 00 03 6b6579');

function reading(): { take: (type: number, payload: Uint8Array) => boolean; bodies: string[]; confirms: unknown[] } {
  const bodies: string[] = [];
  const confirms: unknown[] = [];
  const reader = new ContentReader(
    {
      delivered: (fields, _header, body) => bodies.push(`${JSON.stringify(fields)} ${body.toString()}`),
      returned: (fields, _header, body) => bodies.push(`${JSON.stringify(fields)} ${body.toString()}`),
      confirmed: (...confirm) => confirms.push(confirm),
    },
    new TextCache(),
  );
  return {
    bodies,
    confirms,
    take: (type, payload) => {
      const bytes = Buffer.from(payload);
      return reader.take({ type, channel: 1, payload: bytes, bytes });
    },
  };
}

describe('FrameReader', () => {
  it('finds the same frames however the bytes are cut', () => {
    const frames = fc.array(fc.tuple(fc.nat(255), fc.nat(65_535), fc.uint8Array({ maxLength: 300 })), { maxLength: 8 });
    const cuts = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(frames, cuts, (all, sizes) => {
        const bytes = Buffer.concat(all.map(([type, channel, payload]) => frameOf(type, channel, payload)));
        const reader = new FrameReader(1000);
        const found: [number, number, Uint8Array][] = [];
        for (let at = 0, turn = 0; at < bytes.length; turn++) {
          const size = sizes[turn % sizes.length] as number;
          reader.push(bytes.subarray(at, at + size));
          at += size;
          for (let frame = reader.next(); frame; frame = reader.next()) {
            found.push([frame.type, frame.channel, new Uint8Array(frame.payload)]);
          }
        }
        expect(found).toEqual(all);
        expect(reader.next()).toBeUndefined();
      }),
    );
  });

  it('refuses frames that are larger than agreed before it waits for their bytes', () => {
    const reader = new FrameReader(4096);
    reader.push(frameOf(1, 0, Buffer.alloc(5000)).subarray(0, 7));
    expect(() => reader.next()).toThrow('a frame of 5000 bytes; 4096 were agreed on');
  });

  it('refuses a frame without its end mark', () => {
    const reader = new FrameReader(4096);
    const bytes = frameOf(1, 0, Buffer.from('x'));
    bytes[bytes.length - 1] = 0;
    reader.push(bytes);
    expect(() => reader.next()).toThrow('without its end mark');
  });
});

describe('ContentReader', () => {
  const fields = { consumerTag: 'c', deliveryTag: 5, redelivered: true, exchange: '', routingKey: 'key' };

  it('puts a message together from its frames', () => {
    const { take, bodies } = reading();
    take(frameMethod, deliver);
    take(frameHeader, header(6));
    take(frameBody, Buffer.from('abc'));
    take(frameBody, Buffer.from('def'));
    take(frameMethod, deliver);
    take(frameHeader, header(0));
    const said = JSON.stringify(fields);
    expect(bodies).toEqual([`${said} abcdef`, `${said} `]);
  });

  it('puts a message together from any number of frames, empty ones too, without a piece for each', () => {
    const { take, bodies } = reading();
    take(frameMethod, deliver);
    take(frameHeader, header(100_000));
    for (let index = 0; index < 100_000; index++) {
      take(frameBody, Buffer.alloc(0));
      take(frameBody, Buffer.from(String(index % 10)));
    }
    expect(bodies).toEqual([`${JSON.stringify(fields)} ${'0123456789'.repeat(10_000)}`]);
  });

  it('reads returns and confirms', () => {
    const { take, bodies, confirms } = reading();
    take(frameMethod, methodOf(60, 50, '0138 08 4e4f5f524f555445 01 78 01 6b'));
    take(frameHeader, header(1));
    take(frameBody, Buffer.from('b'));
    take(frameMethod, methodOf(60, 80, '0000000100000002 01'));
    take(frameMethod, methodOf(60, 120, '0000000000000003 00'));
    expect(bodies).toEqual(['{"replyCode":312,"replyText":"NO_ROUTE","exchange":"x","routingKey":"k"} b']);
    expect(confirms).toEqual([
      [2 ** 32 + 2, true, true],
      [3, false, false],
    ]);
  });

  it('leaves other methods to others', () => {
    const { take } = reading();
    expect(take(frameMethod, methodOf(60, 21, '00'))).toBe(false);
    expect(take(8, Buffer.alloc(0))).toBe(false);
  });

  it.each<[string, readonly (readonly [number, Uint8Array])[]]>([
    ['a header without a method', [[frameHeader, header(1)]]],
    ['a body without a header', [[frameBody, Buffer.from('x')]]],
    [
      'a second header',
      [
        [frameMethod, deliver],
        [frameHeader, header(1)],
        [frameHeader, header(1)],
      ],
    ],
    [
      'a message in the middle of another',
      [
        [frameMethod, deliver],
        [frameHeader, header(1)],
        [frameMethod, deliver],
      ],
    ],
    [
      'word of a body that no broker takes',
      [
        [frameMethod, deliver],
        [frameHeader, header(2 ** 40)],
      ],
    ],
    [
      'too large a body',
      [
        [frameMethod, deliver],
        [frameHeader, header(1)],
        [frameBody, Buffer.from('xy')],
      ],
    ],
  ])('refuses %s: the connection is not to be trusted any more', (_, frames) => {
    const { take, bodies } = reading();
    expect(() => {
      for (const [type, payload] of frames) take(type, payload);
    }).toThrow(/^The broker sent /);
    expect(bodies).toEqual([]);
  });
});

describe('TextCache', () => {
  it('gives each text as it is, however many there are', () => {
    const texts = fc.array(fc.string({ unit: 'grapheme', maxLength: 80 }), { maxLength: 60 });
    fc.assert(
      fc.property(texts, (all) => {
        const cache = new TextCache();
        for (const text of [...all, ...all.toReversed(), ...all]) {
          const bytes = Buffer.from(`x${text}y`);
          expect(cache.read(bytes, 1, bytes.length - 2)).toBe(text);
        }
      }),
    );
  });

  it('keeps no hold on the bytes it was given', () => {
    const cache = new TextCache();
    const bytes = Buffer.from('orders');
    expect(cache.read(bytes, 0, 6)).toBe('orders');
    bytes.fill('x');
    expect(cache.read(Buffer.from('orders'), 0, 6)).toBe('orders');
    expect(cache.read(bytes, 0, 6)).toBe('xxxxxx');
  });
});
