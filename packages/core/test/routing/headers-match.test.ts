import * as fc from 'fast-check';
import { HeadersIndex } from '../../src/routing/headers-index.ts';
import { headersMatch } from '../../src/routing/headers-match.ts';
import type { Arguments } from '../../src/spi/declarations.ts';
import type { Headers } from '../../src/spi/envelope.ts';
import { bindingArguments, headers } from './arbitraries.ts';
import { naiveHeadersMatch } from './naive.ts';

const pdfReport = { format: 'pdf', type: 'report' };

describe('headersMatch', () => {
  it.each<[string, Arguments, Headers, boolean]>([
    ['all is the default', { ...pdfReport }, { ...pdfReport, more: 1 }, true],
    ['all needs every header', { ...pdfReport }, { format: 'pdf' }, false],
    ['all needs every value', { 'x-match': 'all', ...pdfReport }, { format: 'pdf', type: 'log' }, false],
    ['any needs one', { 'x-match': 'any', ...pdfReport }, { type: 'report' }, true],
    ['any needs at least one', { 'x-match': 'any', ...pdfReport }, { format: 'zip', type: 'log' }, false],
    ['no conditions: all matches everything', {}, {}, true],
    ['no conditions: also with headers', { 'x-match': 'all' }, { a: 1 }, true],
    ['no conditions: any matches nothing', { 'x-match': 'any' }, { a: 1 }, false],
    ['x- arguments do not count with all', { 'x-a': 1, b: 2 }, { b: 2 }, true],
    ['x- arguments do not count with any', { 'x-match': 'any', 'x-a': 1 }, { 'x-a': 1 }, false],
    ['x- arguments count with all-with-x', { 'x-match': 'all-with-x', 'x-a': 1, b: 2 }, { b: 2 }, false],
    ['x- arguments hold with all-with-x', { 'x-match': 'all-with-x', 'x-a': 1, b: 2 }, { b: 2, 'x-a': 1 }, true],
    ['x- arguments count with any-with-x', { 'x-match': 'any-with-x', 'x-a': 1 }, { 'x-a': 1 }, true],
    ['x-match itself is never a condition', { 'x-match': 'any-with-x' }, { 'x-match': 'any-with-x' }, false],
    ['null asks for presence', { a: null }, { a: 'whatever' }, true],
    ['undefined asks for presence', { a: undefined }, { a: 0 }, true],
    ['null is present', { a: null }, { a: null }, true],
    ['presence is needed', { a: null }, { b: 1 }, false],
    ['an undefined header is not there', { a: null }, { a: undefined }, false],
    ['null is not a value', { a: 'x' }, { a: null }, false],
    ['inherited properties are no headers', { constructor: null }, {}, false],
    ['an unknown x-match counts as all', { 'x-match': 'some', a: 1, b: 2 }, { a: 1 }, false],
  ])('%s', (_name, args, given, expected) => {
    expect(headersMatch(args, given)).toBe(expected);
  });

  it.each<[string, unknown, unknown, boolean]>([
    ['texts', 'a', 'a', true],
    ['a text and a number', '1', 1, false],
    ['a text and a boolean', 'true', true, false],
    ['a number and a boolean', 1, true, false],
    ['zeros', 0, -0, true],
    ['integers of both kinds', 5, 5n, true],
    ['large integers of both kinds', 2 ** 60, 2n ** 60n, true],
    ['large integers that differ', 2 ** 60, 2n ** 60n + 1n, false],
    ['fractions', 0.5, 0.5, true],
    ['bytes', Buffer.from('ab'), Buffer.from('ab'), true],
    ['bytes of two kinds', Buffer.from([1, 2]), new Uint8Array([1, 2]), true],
    ['bytes within a larger buffer', Buffer.from('xaby').subarray(1, 3), Buffer.from('ab'), true],
    ['bytes that differ', Buffer.from('ab'), Buffer.from('ac'), false],
    ['bytes and the same bytes as text', Buffer.from('ab'), 'ab', false],
    ['dates', new Date(5), new Date(5), true],
    ['dates that differ', new Date(5), new Date(6), false],
    ['a date and its number', new Date(5), 5, false],
    ['a date and its text', new Date(5), '@5', false],
    ['lists', [1, ['a', null]], [1, ['a', null]], true],
    ['lists in another order', [1, 2], [2, 1], false],
    ['a list and the object with its keys', ['a'], { 0: 'a' }, false],
    ['tables in another order', { a: 1, b: { c: [2] } }, { b: { c: [2] }, a: 1 }, true],
    ['a table with more', { a: 1 }, { a: 1, b: 2 }, false],
    ['tables without a prototype', Object.assign(Object.create(null), { a: 1 }), { a: 1 }, true],
    ['texts that look like two fields', { a: '1,"b":2' }, { a: 1, b: 2 }, false],
    ['lists that join to the same text', ['a', 'b'], ['a,b'], false],
  ])('compares in depth: %s', (_name, wanted, given, expected) => {
    expect(headersMatch({ h: wanted }, { h: given })).toBe(expected);
    expect(headersMatch({ h: given }, { h: wanted })).toBe(expected);
    const index = new HeadersIndex<string>();
    index.add({ h: wanted }, 'v');
    expect([...index.match({ h: given })]).toEqual(expected ? ['v'] : []);
  });

  it('reads a header called __proto__', () => {
    const table = JSON.parse('{"__proto__": "x"}') as Record<string, unknown>;
    expect(headersMatch(table, table)).toBe(true);
    expect(headersMatch(table, {})).toBe(false);
  });

  it('refuses to compare what is nested without end', () => {
    const endless: Record<string, unknown> = {};
    endless['self'] = endless;
    expect(() => headersMatch({ h: endless }, { h: {} })).toThrow(
      expect.objectContaining({ code: 'LIMIT_EXCEEDED', message: expect.stringContaining('256 levels') }),
    );
  });

  it('follows the definition', () => {
    fc.assert(
      fc.property(bindingArguments, headers, (args, given) => {
        expect(headersMatch(args, given)).toBe(naiveHeadersMatch(args, given));
      }),
      { numRuns: 500 },
    );
  });
});

describe('HeadersIndex', () => {
  it('finds what a look at every binding finds, while bindings come and go', () => {
    const change = fc.tuple(fc.boolean(), fc.nat(9), bindingArguments);
    fc.assert(
      fc.property(fc.array(change, { maxLength: 40 }), headers, (changes, given) => {
        const index = new HeadersIndex<number>();
        const model = new Map<number, Arguments>();
        for (const [add, value, args] of changes) {
          if (add === model.has(value)) continue;
          if (add) {
            index.add(args, value);
            model.set(value, args);
          } else {
            index.remove(value);
            model.delete(value);
          }
        }
        const expected = [...model].filter(([, args]) => naiveHeadersMatch(args, given)).map(([value]) => value);
        expect(new Set(index.match(given))).toEqual(new Set(expected));
      }),
      { numRuns: 500 },
    );
  });
});
