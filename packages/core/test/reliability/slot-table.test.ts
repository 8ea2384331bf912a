import * as fc from 'fast-check';
import { SlotTable } from '../../src/reliability/slot-table.ts';

interface Item {
  readonly name: number;
}

function tableFrom(first: number): SlotTable<Item> {
  let next = first;
  return new SlotTable(() => next++);
}

function addOne(table: SlotTable<Item>): number {
  const number = table.freeNumber();
  table.add(number, { name: number });
  return number;
}

const namesOf = (table: SlotTable<Item>): number[] => table.values().map(({ name }) => name);

describe('SlotTable', () => {
  it('holds what a Map would, in order, whatever comes and goes', () => {
    // Each step adds so many items and takes those at the given positions.
    const steps = fc.array(fc.record({ adds: fc.nat(300), takes: fc.array(fc.nat(), { maxLength: 300 }) }), {
      maxLength: 12,
    });
    fc.assert(
      fc.property(steps, (script) => {
        const table = tableFrom(1);
        const model = new Map<number, number>();
        for (const { adds, takes } of script) {
          for (let count = adds; count > 0; count--) {
            const number = addOne(table);
            model.set(number, number);
          }
          for (const position of takes) {
            const number = [...model.keys()][position % Math.max(1, model.size)] ?? 0;
            expect(table.take(number)?.name).toBe(model.get(number));
            model.delete(number);
          }
          expect(table.size).toBe(model.size);
        }
        expect(namesOf(table)).toEqual([...model.keys()]);
      }),
      { numRuns: 50 },
    );
  });

  it('does not grow with the distance between the oldest and the newest', () => {
    const table = tableFrom(1);
    const oldest = addOne(table);
    let last = oldest;
    let leftOut = 0;
    for (let count = 0; count < 10_000; count++) {
      const next = addOne(table);
      leftOut += next - last - 1;
      last = next;
      table.take(last);
    }
    expect(namesOf(table)).toEqual([oldest]);
    // Once in each round past the place of the oldest: there are many rounds where there are few places.
    expect(leftOut).toBeGreaterThan(10);
  });

  it('knows an item by its number, not by its place', () => {
    const table = tableFrom(1);
    const number = addOne(table);
    for (const other of [number + 256, number + 65_536, -number, 0, NaN]) {
      expect(table.get(other)).toBeUndefined();
      expect(table.take(other)).toBeUndefined();
    }
    expect(table.take(number)).toEqual({ name: number });
    expect(table.take(number)).toBeUndefined();
  });

  it('counts on beyond 32 bits', () => {
    const table = tableFrom(2 ** 32 - 300);
    const numbers = Array.from({ length: 600 }, () => addOne(table));
    expect(namesOf(table)).toEqual(numbers);
    for (const number of numbers) expect(table.take(number)).toEqual({ name: number });
    expect(table.size).toBe(0);
  });

  it('is empty after clear, and of use again', () => {
    const table = tableFrom(1);
    const numbers = Array.from({ length: 5000 }, () => addOne(table));
    table.clear();
    expect([table.size, namesOf(table), table.get(numbers[9] as number)]).toEqual([0, [], undefined]);
    const again = addOne(table);
    expect(namesOf(table)).toEqual([again]);
  });
});
