import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { sqsNameOf } from '../src/queue-name.ts';

/** Written by `golden/capture.py`. */
const golden = JSON.parse(readFileSync(join(import.meta.dirname, 'golden/kombu.json'), 'utf8')) as {
  readonly names: Readonly<Record<string, string>>;
};

describe('the name of a queue in SQS', () => {
  it.each(Object.entries(golden.names))("is Kombu's: %s", (name, expected) => {
    expect(sqsNameOf(name, '')).toBe(expected);
  });

  it('has the prefix before it is made a name', () => {
    expect(sqsNameOf('orders', 'shop.')).toBe('shop-orders');
  });

  it('is one that SQS takes, whatever the queue is called', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 200 }), fc.boolean(), (name, isFifo) => {
        const named = sqsNameOf(isFifo ? `${name}.fifo` : name, '');
        expect(named).toMatch(/^[A-Za-z0-9_-]+(\.fifo)?$/);
        expect(named.length).toBeLessThanOrEqual(80);
        if (isFifo) expect(named).toMatch(/\.fifo$/);
      }),
    );
  });

  it('differs for names that SQS has no room or no letters for', () => {
    const long = 'q'.repeat(100);
    const names = ['grüße', 'grüsse', 'gr__e', 'gr üe', `${long}1`, `${long}2`].map((name) => sqsNameOf(name, ''));
    expect(new Set(names).size).toBe(6);
  });
});
