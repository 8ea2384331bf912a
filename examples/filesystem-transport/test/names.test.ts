import * as fc from 'fast-check';
import { byAge, deliveriesOf, escapeName, isOf, newMessage, returned } from '../src/names.ts';

const names = fc.oneof(
  fc.string({ minLength: 1, maxLength: 150, unit: 'binary' }),
  fc.stringMatching(/^[%/.~2Fa_1]{1,8}$/),
);

describe('escapeName', () => {
  it('makes of every name one that a file system takes', () => {
    fc.assert(fc.property(names, (name) => expect(escapeName(name)).not.toMatch(/[/\0]/)));
  });

  it('never makes one of two', () => {
    expect(escapeName('a/b')).not.toBe(escapeName('a%2Fb'));
    fc.assert(fc.property(names, names, (one, other) => (escapeName(one) === escapeName(other)) === (one === other)));
  });

  it('leaves the names that Kombu writes as they are', () => {
    for (const name of ['celery', 'a.b-c_d', 'grüße 🎈', 'celery@host.celery.pidbox', 'x'.repeat(190)]) {
      expect(escapeName(name)).toBe(name);
    }
  });
});

describe('the name of a message', () => {
  it('says whose it is and how often it was delivered', () => {
    fc.assert(
      fc.property(names, names, fc.nat({ max: 12 }), (queue, other, times) => {
        let file = newMessage(queue);
        for (let time = 0; time < times; time += 1) file = returned(file);
        expect(isOf(queue)(file)).toBe(true);
        expect(isOf(other)(file)).toBe(queue === other);
        expect(deliveriesOf(file)).toBe(times);
      }),
    );
  });

  it('orders messages by the clock of the machine, also those that were given back', () => {
    const made = Array.from({ length: 100 }, (_, index) => (index % 3 ? newMessage('q') : returned(newMessage('q'))));
    expect(made.toReversed().toSorted(byAge)).toEqual(made);
  });
});
