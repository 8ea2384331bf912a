import type { Envelope } from '@kombu/core/spi';
import * as fc from 'fast-check';
import { Confirms } from '../src/confirms.ts';
import type { Publish } from '../src/confirms.ts';

interface Recorded extends Publish {
  readonly ends: string[];
}

function publishOf(messageId: string | undefined, parts: { mandatory?: boolean; routingKey?: string } = {}): Recorded {
  const ends: string[] = [];
  const { mandatory = true, routingKey = 'key' } = parts;
  return {
    ends,
    envelope: envelopeOf(messageId),
    route: { exchange: '', routingKey, mandatory, confirm: true },
    waiter: {
      published: (guarantee) => ends.push(guarantee),
      failed: (error) => ends.push((error as { code: string }).code),
    },
    flushes: 0,
    isReturned: false,
  };
}

function envelopeOf(messageId: string | undefined): Envelope {
  const properties = messageId === undefined ? {} : { messageId };
  return { body: Buffer.from('x'), contentType: undefined, contentEncoding: undefined, headers: {}, properties };
}

const fields = { replyCode: 312, replyText: 'NO_ROUTE', exchange: '', routingKey: 'key' };

function adding(publishes: readonly Publish[]): Confirms {
  const confirms = new Confirms();
  for (const publish of publishes) confirms.add(publish);
  return confirms;
}

describe('confirms', () => {
  it('settle one message, or all up to one', () => {
    const all = ['1', '2', '3', '4'].map((id) => publishOf(id));
    const confirms = adding(all);
    confirms.settle(2, false, true);
    confirms.settle(3, true, false);
    expect(all.map(({ ends }) => ends)).toEqual([['NACKED'], ['confirmed'], ['NACKED'], []]);
    expect(confirms.size).toBe(1);
  });

  it('follow returns, which name no number', () => {
    const all = ['1', '2', '3'].map((id) => publishOf(id));
    const confirms = adding(all);
    expect(confirms.markReturned(fields, envelopeOf('2'))).toBe(true);
    expect(all.map(({ ends }) => ends)).toEqual([[], [], []]);
    confirms.settle(3, true, true);
    expect(all.map(({ ends }) => ends)).toEqual([['confirmed'], ['UNROUTABLE'], ['confirmed']]);
  });

  it('take equal messages back in the order in which they left', () => {
    const all = [undefined, undefined].map((id) => publishOf(id));
    const confirms = adding(all);
    confirms.markReturned(fields, envelopeOf(undefined));
    confirms.settle(1, false, true);
    expect(all.map(({ ends }) => ends)).toEqual([['UNROUTABLE'], []]);
    confirms.markReturned(fields, envelopeOf(undefined));
    confirms.settle(2, false, true);
    expect(all[1]?.ends).toEqual(['UNROUTABLE']);
  });

  it('do not take a message for another', () => {
    const confirms = adding([
      publishOf('1', { mandatory: false }),
      publishOf('1', { routingKey: 'other' }),
      publishOf('2'),
    ]);
    expect(confirms.markReturned(fields, envelopeOf('1'))).toBe(false);
    expect(confirms.markReturned(fields, { ...envelopeOf('2'), body: Buffer.from('y') })).toBe(false);
  });

  it('forget what is taken out, and say when they are empty', async () => {
    const all = ['1', '2', '3'].map((id) => publishOf(id));
    const confirms = adding(all);
    let isEmpty = false;
    const empty = confirms.empty().then(() => {
      isEmpty = true;
    });
    confirms.settle(1, false, true);
    await Promise.resolve();
    expect(isEmpty).toBe(false);
    expect(confirms.takeAll()).toEqual(all.slice(1));
    await empty;
    expect(confirms.size).toBe(0);
    await confirms.empty();
  });

  it('answer each message once and right, whatever the broker says', () => {
    const said = fc.record({ tag: fc.integer({ min: 0, max: 60 }), multiple: fc.boolean(), isTaken: fc.boolean() });
    const steps = fc.array(fc.oneof(fc.constant('publish' as const), said), { maxLength: 150 });
    fc.assert(
      fc.property(steps, (all) => {
        const confirms = new Confirms();
        const publishes: Recorded[] = [];
        const expected: (string | undefined)[] = [];
        for (const step of all) {
          if (step === 'publish') {
            const publish = publishOf(String(publishes.length));
            publishes.push(publish);
            expected.push(undefined);
            confirms.add(publish);
          } else {
            confirms.settle(step.tag, step.multiple, step.isTaken);
            for (let tag = step.multiple ? 1 : step.tag; tag <= step.tag && tag <= expected.length; tag++) {
              if (tag > 0) expected[tag - 1] ??= step.isTaken ? 'confirmed' : 'NACKED';
            }
          }
          expect(confirms.size).toBe(expected.filter((end) => end === undefined).length);
        }
        expect(publishes.map(({ ends }) => ends)).toEqual(expected.map((end) => (end === undefined ? [] : [end])));
        expect(confirms.takeAll()).toEqual(publishes.filter((_, index) => expected[index] === undefined));
      }),
    );
  });

  it('go on after ten thousand behind one that has no answer', () => {
    const first = publishOf('first');
    const confirms = adding([first]);
    for (let tag = 2; tag <= 10_000; tag++) {
      const publish = publishOf(undefined);
      confirms.add(publish);
      confirms.settle(tag, false, true);
      expect(publish.ends).toEqual(['confirmed']);
    }
    expect(first.ends).toEqual([]);
    confirms.settle(1, false, true);
    expect(first.ends).toEqual(['confirmed']);
    const last = publishOf('last');
    confirms.add(last);
    confirms.settle(10_001, false, true);
    expect(last.ends).toEqual(['confirmed']);
  });
});
