import * as fc from 'fast-check';
import { SmallSet } from '../../src/routing/small-set.ts';

const change = fc.tuple(fc.boolean(), fc.constantFrom('a', 'b', 'c', '', '__proto__'));

describe('SmallSet', () => {
  it('behaves as a Set does', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 30 }), (changes) => {
        const small = new SmallSet<string>();
        const model = new Set<string>();
        for (const [add, value] of changes) {
          if (add) expect(small.add(value)).toBe(!model.has(value));
          else expect(small.delete(value)).toBe(model.has(value));
          if (add) model.add(value);
          else model.delete(value);
          const held: string[] = [];
          small.appendTo(held);
          expect(held.toSorted()).toEqual([...model].toSorted());
          expect(small.size).toBe(model.size);
          expect(small.has(value)).toBe(add);
        }
      }),
    );
  });
});
