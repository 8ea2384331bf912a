import * as fc from 'fast-check';
import type { MessageFile } from '../src/message-file.ts';
import { byAge, escapeName, formatFile, newMessageFile, parseFile } from '../src/message-file.ts';

const names = fc.oneof(
  fc.string({ minLength: 1 }),
  fc.string({ minLength: 1, maxLength: 300, unit: 'binary' }),
  fc.stringMatching(/^[%/.~2Fa]{1,8}$/),
  fc
    .array(fc.integer({ min: 0, max: 0xffff }), { minLength: 1, maxLength: 4 })
    .map((units) => String.fromCharCode(...units)),
);

describe('escapeName', () => {
  it('makes of every name one that a file system takes, with room for the rest', () => {
    fc.assert(
      fc.property(names, (name) => {
        const escaped = escapeName(name);
        expect(escaped).not.toMatch(/[/\0]/);
        expect(Buffer.byteLength(escaped)).toBeLessThanOrEqual(180);
        expect(Buffer.from(escaped).toString()).toBe(escaped);
      }),
    );
  });

  it('never makes one of two', () => {
    expect(escapeName('a/b')).not.toBe(escapeName('a%2Fb'));
    fc.assert(
      fc.property(names, names, (one, other) => {
        expect(escapeName(one) === escapeName(other)).toBe(one === other);
      }),
    );
  });

  it('leaves plain names to be what Kombu writes', () => {
    for (const name of ['celery', 'a.b-c_d', 'grüße 🎈', 'celery@host.celery.pidbox', 'x'.repeat(180)]) {
      expect(escapeName(name)).toBe(name);
    }
  });
});

describe('the names of message files', () => {
  it('say what they were made of', () => {
    const file: fc.Arbitrary<MessageFile> = fc.record({
      id: fc.tuple(fc.nat(), fc.uuid()).map(([ms, uuid]) => `${ms}_${uuid}`),
      queue: names.map(escapeName),
      deliveryCount: fc.nat(),
      until: fc.option(fc.nat(), { nil: undefined }),
    });
    fc.assert(fc.property(file, (made) => expect(parseFile(formatFile(made))).toEqual(made)));
  });

  it('order messages by the clock of the machine', () => {
    const made = Array.from({ length: 100 }, () => newMessageFile('q'));
    expect(made.toReversed().toSorted(byAge)).toEqual(made);
  });
});
