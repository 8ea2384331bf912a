import * as fc from 'fast-check';
import { BindingTable } from '../../src/routing/binding-table.ts';
import type { BindingDeclaration } from '../../src/spi/declarations.ts';
import { binding, headers, routingKey } from './arbitraries.ts';
import { timed } from './measure.ts';
import { naiveMatch } from './naive.ts';

const types = ['direct', 'topic', 'fanout', 'headers'] as const;

function to(destination: string, given: Partial<BindingDeclaration> = {}): BindingDeclaration {
  return { exchange: 'x', destination, destinationType: 'queue', routingKey: 'k', arguments: {}, ...given };
}

const idOf = (b: Pick<BindingDeclaration, 'destination' | 'destinationType'>): string =>
  JSON.stringify([b.destinationType, b.destination]);
const fullIdOf = (b: BindingDeclaration): string =>
  JSON.stringify([
    idOf(b),
    b.routingKey,
    Object.keys(b.arguments)
      .toSorted()
      .map((key) => [key, b.arguments[key]]),
  ]);

/** What a table gives for a message, as comparable ids; fails on duplicates. */
function matched(table: BindingTable, key: string, given = {}): string[] {
  const ids = Array.from(table.match(key, given), idOf);
  expect(new Set(ids).size).toBe(ids.length);
  return ids.toSorted();
}

describe('BindingTable', () => {
  it('refuses a type that it does not know, and names the known ones', () => {
    expect(() => new BindingTable('x-delayed-message')).toThrow(
      expect.objectContaining({
        name: 'UnsupportedError',
        code: 'UNSUPPORTED',
        message: expect.stringMatching(/x-delayed-message.*direct, topic, fanout or headers/),
      }),
    );
    expect(() => new BindingTable('constructor')).toThrow(expect.objectContaining({ code: 'UNSUPPORTED' }));
  });

  it.each(types)('%s: is true to a plain list of bindings', (type) => {
    const what = fc.constantFrom('add', 'add', 'add', 'remove', 'removeOther', 'removeDestination');
    const change = fc.tuple(what, binding(['x', 'y']), fc.nat(29));
    fc.assert(
      fc.property(fc.array(change, { maxLength: 30 }), routingKey, headers, (changes, key, given) => {
        const table = new BindingTable(type);
        let model: BindingDeclaration[] = [];
        for (const [action, fresh, at] of changes) {
          const one = (action === 'remove' && model[at % model.length]) || fresh;
          const known = model.some((b) => fullIdOf(b) === fullIdOf(one));
          if (action === 'add') {
            expect(table.add(one)).toBe(!known);
            if (!known) model.push(one);
          } else if (action !== 'removeDestination') {
            expect(table.remove(structuredClone(one))).toBe(known);
            model = model.filter((b) => fullIdOf(b) !== fullIdOf(one));
          } else {
            const gone = model.filter((b) => idOf(b) === idOf(one));
            expect(new Set(table.removeDestination(one.destination, one.destinationType))).toEqual(new Set(gone));
            model = model.filter((b) => idOf(b) !== idOf(one));
          }
          expect(table.hasDestination(one.destination, one.destinationType)).toBe(
            model.some((b) => idOf(b) === idOf(one)),
          );
        }
        expect([...table]).toEqual(model);
        expect(table.size).toBe(model.length);
        const expected = new Set(model.filter((b) => naiveMatch(type, b, key, given)).map(idOf));
        expect(matched(table, key, given)).toEqual([...expected].toSorted());
      }),
      { numRuns: 100 },
    );
  });

  it('tells apart bindings that differ in any part', () => {
    const table = new BindingTable('topic');
    const all = [
      to('q'),
      to('q', { destinationType: 'exchange' }),
      to('q', { routingKey: 'other' }),
      to('q', { arguments: { a: 1 } }),
      to('q', { arguments: { a: '1' } }),
      to('q', { arguments: { a: null } }),
      to('qk', { routingKey: '' }),
      to('', { routingKey: 'qk' }),
      to('q:1', { routingKey: 'k' }),
      to('q', { routingKey: '1:k' }),
      to('q', { routingKey: 'k{}' }),
    ];
    for (const one of all) expect(table.add(one)).toBe(true);
    for (const one of all) expect(table.add(structuredClone(one))).toBe(false);
    expect(table.size).toBe(all.length);
    for (const one of all) expect(table.remove(one)).toBe(true);
    expect([...table]).toEqual([]);
  });

  it('takes arguments as the same whatever their order, in depth', () => {
    const table = new BindingTable('headers');
    table.add(to('q', { arguments: { a: 1, b: { c: Buffer.from('x'), d: [new Date(1)] } } }));
    expect(table.add(to('q', { arguments: { b: { d: [new Date(1)], c: Buffer.from('x') }, a: 1 } }))).toBe(false);
    expect(table.remove(to('q', { arguments: { b: { d: [new Date(1)], c: Buffer.from('x') }, a: 1n } }))).toBe(true);
    expect(table.size).toBe(0);
  });

  it.each(types)('%s: a destination stays as long as one of its bindings does', (type) => {
    const table = new BindingTable(type);
    const first = to('q', { arguments: { 'x-a': 1 } });
    const second = to('q', { arguments: { 'x-a': 2 } });
    table.add(first);
    table.add(second);
    table.remove(first);
    expect(matched(table, 'k')).toEqual([idOf(second)]);
    table.remove(second);
    expect(matched(table, 'k')).toEqual([]);
  });

  it('replaces its content and says what changed', () => {
    const table = new BindingTable('direct');
    const [a, b, c] = [to('a'), to('b'), to('c')];
    table.add(a);
    table.add(b);
    expect(table.replace([structuredClone(b), c, c])).toEqual({ added: [c], removed: [a] });
    expect([...table]).toEqual([b, c]);
    expect(matched(table, 'k')).toEqual([b, c].map(idOf));
  });

  it('stays as it was when a replacement cannot be read', () => {
    const table = new BindingTable('headers');
    table.add(to('a'));
    const endless: Record<string, unknown> = {};
    endless['self'] = endless;
    expect(() => table.replace([to('b'), to('c', { arguments: endless })])).toThrow(
      expect.objectContaining({ code: 'LIMIT_EXCEEDED' }),
    );
    expect([...table]).toEqual([to('a')]);
  });

  it('routes to destinations with hostile names', () => {
    const table = new BindingTable('direct');
    for (const name of ['__proto__', 'constructor', 'hasOwnProperty']) {
      table.add(to(name, { routingKey: '__proto__' }));
      table.add(to(name, { routingKey: 'toString', destinationType: 'exchange' }));
    }
    expect(matched(table, '__proto__')).toHaveLength(3);
    expect(matched(table, 'toString')).toHaveLength(3);
    expect(matched(table, 'valueOf')).toEqual([]);
    expect(table.removeDestination('__proto__', 'queue')).toHaveLength(1);
    expect(table.hasDestination('toString', 'queue')).toBe(false);
  });
});

describe('speed of BindingTable', () => {
  const count = 20_000;
  const filled = (type: string): BindingTable => {
    const table = new BindingTable(type);
    for (let i = 0; i < count; i += 1) {
      // One queue, one condition in common: what is alike must not make the index slow.
      const args = type === 'headers' ? { format: 'pdf', tenant: i } : {};
      table.add(to(`q${i % 2}`, { routingKey: `t${i}`, arguments: args }));
    }
    return table;
  };

  it.each(['direct', 'topic', 'headers'])('%s: a lookup does not look at every binding', (type) => {
    const table = filled(type);
    const all = [...table];
    const keys = Array.from({ length: 2_000 }, (_, i) => (i * 7919) % count);
    const byTable = timed(() => {
      for (const i of keys) expectOne(table.match(`t${i}`, { format: 'pdf', tenant: i }).length);
    });
    const byScan = timed(() => {
      for (const i of keys.slice(0, 10)) {
        const given = { format: 'pdf', tenant: i };
        expectOne(all.filter((b) => naiveMatch(type, b, `t${i}`, given)).length);
      }
    });
    expect(byScan / 10 / (byTable / keys.length)).toBeGreaterThan(10);
  });
});

function expectOne(found: number): void {
  if (found !== 1) throw new Error(`found ${found} bindings, not one`);
}
