import { MessageStateError } from '@kombu/core/spi';
import * as fc from 'fast-check';
import { Unacked } from '../src/unacked.ts';
import { FrameReader } from '../src/wire/frame-reader.ts';
import { basicAck } from '../src/wire/methods.ts';
import { WriteBuffer } from '../src/wire/write-buffer.ts';

interface Sent {
  readonly isAck: boolean;
  readonly tag: number;
  /** `multiple` of an ack, `requeue` of a reject. */
  readonly bit: boolean;
}

/** What stands in the buffer. */
function sent(out: WriteBuffer): Sent[] {
  const reader = new FrameReader(100);
  reader.push(Buffer.from(out.take()));
  const all: Sent[] = [];
  for (let frame = reader.next(); frame; frame = reader.next()) {
    const { payload } = frame;
    all.push({
      isAck: payload.readUInt32BE(0) === basicAck,
      tag: Number(payload.readBigUInt64BE(4)),
      bit: payload[12] === 1,
    });
  }
  return all;
}

function flushed(unacked: Unacked): Sent[] {
  const out = new WriteBuffer();
  unacked.flush(out);
  return sent(out);
}

function holding(count: number): { unacked: Unacked; holder: { unsettled: number } } {
  const unacked = new Unacked(1);
  const holder = { unsettled: 0 };
  for (let tag = 1; tag <= count; tag++) unacked.add(tag, holder);
  return { unacked, holder };
}

const ack = (tag: number, bit = false): Sent => ({ isAck: true, tag, bit });

describe('acks', () => {
  it('of a run from the front leave in one frame', () => {
    const { unacked, holder } = holding(5);
    for (const tag of [2, 1, 3]) expect(unacked.ack(tag, false)).toBe('ok');
    expect(holder.unsettled).toBe(2);
    expect(flushed(unacked)).toEqual([ack(3, true)]);
    expect(flushed(unacked)).toEqual([]);
  });

  it('of one delivery cover it alone', () => {
    const { unacked } = holding(3);
    unacked.ack(1, false);
    expect(flushed(unacked)).toEqual([ack(1)]);
    unacked.ack(3, false);
    expect(flushed(unacked)).toEqual([ack(3)]);
    unacked.ack(2, false);
    expect(flushed(unacked)).toEqual([ack(2)]);
  });

  it('beyond an unsettled delivery leave one by one', () => {
    const { unacked } = holding(6);
    for (const tag of [1, 2, 4, 6]) unacked.ack(tag, false);
    expect(flushed(unacked)).toEqual([ack(2, true), ack(4), ack(6)]);
    unacked.ack(3, false);
    unacked.ack(5, false);
    expect(flushed(unacked)).toEqual([ack(5, true)]);
  });

  it('of several leave alone what was settled before', () => {
    const { unacked, holder } = holding(4);
    const out = new WriteBuffer();
    unacked.hold(2);
    unacked.release(out, 2, true);
    expect(unacked.ack(3, true)).toBe('ok');
    expect(holder.unsettled).toBe(1);
    unacked.flush(out);
    expect(sent(out)).toEqual([{ isAck: false, tag: 2, bit: true }, ack(3, true)]);
  });

  it('never cover a delivery that is held for a later requeue', () => {
    const { unacked } = holding(3);
    unacked.hold(1);
    unacked.ack(3, true);
    expect(flushed(unacked)).toEqual([ack(2), ack(3)]);
    const out = new WriteBuffer();
    expect(unacked.release(out, 1, true)).toBe(true);
    expect(unacked.release(out, 1, true)).toBe(false);
    expect(sent(out)).toEqual([{ isAck: false, tag: 1, bit: true }]);
  });

  it('are not needed for deliveries that count as settled', () => {
    const unacked = new Unacked(1);
    const holder = { unsettled: 0 };
    unacked.add(1, undefined);
    unacked.add(2, holder);
    unacked.add(3, undefined);
    unacked.add(4, holder);
    unacked.ack(2, false);
    unacked.ack(4, false);
    expect(flushed(unacked)).toEqual([ack(4, true)]);
    expect(() => unacked.ack(1, false)).toThrow(MessageStateError);
  });

  it('are refused for tags that were settled before or never came', () => {
    const { unacked } = holding(2);
    unacked.ack(1, false);
    for (const tag of [0, 1, 3, -1, 1.5, Number.NaN, 'one']) {
      expect(() => unacked.ack(tag, false)).toThrow(MessageStateError);
      expect(() => unacked.hold(tag)).toThrow(MessageStateError);
    }
  });

  it('of what the broker took back are lost, and not sent', () => {
    const { unacked, holder } = holding(3);
    unacked.ack(1, false);
    unacked.loseAll();
    expect(holder.unsettled).toBe(0);
    expect(flushed(unacked)).toEqual([]);
    expect(unacked.ack(2, false)).toBe('lease-lost');
    expect(unacked.hold(3)).toBe('lease-lost');
    unacked.add(4, holder);
    unacked.ack(4, false);
    expect(flushed(unacked)).toEqual([ack(4)]);
  });

  it.each([1, 0, 2, 2 ** 53])('are not made of a tag that cannot follow 2: %d', (tag) => {
    const { unacked, holder } = holding(2);
    expect(() => unacked.add(tag, holder)).toThrow(`The broker sent the delivery tag ${tag} after 2`);
  });

  it('reach the broker exactly as they were given, in any order of deliveries, acks, requeues and flushes', () => {
    const step = fc.record({
      kind: fc.constantFrom('deliver', 'deliver', 'ack', 'ack', 'multiple', 'requeue', 'flush'),
      pick: fc.nat(1000),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const unacked = new Unacked(1);
        const out = new WriteBuffer();
        const holder = { unsettled: 0 };
        const broker = new Set<number>();
        const ours = new Set<number>();
        let last = 0;
        const hear = (): void => {
          for (const { isAck, tag, bit } of sent(out)) {
            // RabbitMQ closes the channel for a tag that it does not know.
            expect(broker.has(tag)).toBe(true);
            for (const each of broker) if (each === tag || (isAck && bit && each < tag)) broker.delete(each);
          }
        };
        for (const { kind, pick } of steps) {
          const tag = [...ours][pick % ours.size];
          if (kind === 'deliver') {
            unacked.add(++last, holder);
            broker.add(last);
            ours.add(last);
          } else if (kind === 'flush') {
            unacked.flush(out);
          } else if (tag !== undefined && kind === 'requeue') {
            unacked.hold(tag);
            unacked.release(out, tag, true);
            ours.delete(tag);
          } else if (tag !== undefined) {
            unacked.ack(tag, kind === 'multiple');
            for (const each of ours) if (each === tag || (kind === 'multiple' && each < tag)) ours.delete(each);
          }
          hear();
          for (const each of ours) expect(broker.has(each)).toBe(true);
          expect(holder.unsettled).toBe(ours.size);
        }
        unacked.flush(out);
        hear();
        expect(broker).toEqual(ours);
      }),
    );
  });

  it('go on after fifty thousand behind an old unsettled delivery', () => {
    const unacked = new Unacked(1);
    const holder = { unsettled: 0 };
    const out = new WriteBuffer();
    unacked.add(1, holder);
    // The first stays, the others come and go.
    for (let tag = 2; tag <= 50_000; tag++) {
      unacked.add(tag, holder);
      unacked.ack(tag, false);
      if (tag % 100 === 0) unacked.flush(out);
    }
    unacked.ack(1, false);
    unacked.flush(out);
    expect(holder.unsettled).toBe(0);
    for (let tag = 50_001; tag <= 50_100; tag++) unacked.add(tag, holder);
    unacked.ack(50_100, true);
    out.take();
    unacked.flush(out);
    expect(sent(out)).toEqual([ack(50_100, true)]);
  });
});
