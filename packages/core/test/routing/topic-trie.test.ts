import * as fc from 'fast-check';
import { Qlobber } from 'qlobber';
import { TopicTrie } from '../../src/routing/topic-trie.ts';
import { pattern, routingKey } from './arbitraries.ts';
import { heapUsed, timed } from './measure.ts';
import { naiveTopicMatch } from './naive.ts';

function matches(ofPattern: string, key: string): boolean {
  const trie = new TopicTrie<string>();
  trie.add(ofPattern, 'hit');
  return trie.match(key).length === 1;
}

const sorted = <T extends string | number>(values: readonly T[]): T[] => values.toSorted((a, b) => (a < b ? -1 : 1));

describe('TopicTrie', () => {
  it.each([
    ['orders.eu', 'orders.eu', true],
    ['orders.eu', 'orders.us', false],
    ['orders.eu', 'orders', false],
    ['orders', 'orders.eu', false],
    ['*', 'orders', true],
    ['*', 'orders.eu', false],
    ['orders.*', 'orders.eu', true],
    ['orders.*', 'orders.eu.de', false],
    ['orders.*', 'orders', false],
    ['*.eu', 'orders.eu', true],
    ['#', 'orders.eu.de', true],
    ['orders.#', 'orders', true],
    ['orders.#', 'orders.eu.de', true],
    ['orders.#', 'order', false],
    ['#.de', 'de', true],
    ['#.de', 'orders.eu.de', true],
    ['#.de', 'orders.de.eu', false],
    ['orders.#.de', 'orders.de', true],
    ['orders.#.de', 'orders.a.b.c.de', true],
    ['orders.#.de', 'orders.de.x', false],
    ['#.eu.#', 'orders.eu', true],
    ['#.eu.#', 'eu', true],
    ['#.*', 'orders', true],
    ['*.#', 'orders.eu', true],
    ['#.*.*', 'orders', false],
    ['a.#.*.#.a', 'a.a', false],
    ['a.#.*.#.a', 'a.x.a', true],
    ['a.#.b.#.c', 'a.c.b.b.c', true],
    ['a.#.b.#.c', 'a.c.c', false],
  ])('%j against %j: %j', (ofPattern, key, expected) => {
    expect(matches(ofPattern, key)).toBe(expected);
  });

  it.each([
    ['the empty pattern and the empty key have no words', '', '', true],
    ['# matches no words', '#', '', true],
    ['so does a run of #', '#.#.#', '', true],
    ['* needs a word, and the empty key has none', '*', '', false],
    ['a key of dots has empty words', '', '.', false],
    ['* matches an empty word', '*.*', '.', true],
    ['* matches a trailing empty word', 'a.*', 'a.', true],
    ['a trailing dot is a word of its own', 'a', 'a.', false],
    ['# matches empty words', 'a.#.b', 'a..b', true],
    ['empty words match each other', 'a..b', 'a..b', true],
  ])('empty words as in RabbitMQ: %s', (_name, ofPattern, key, expected) => {
    expect(matches(ofPattern, key)).toBe(expected);
  });

  it.each([
    ['a*', 'ab', false],
    ['a*', 'a*', true],
    ['#a', 'a', false],
    ['#a', '#a', true],
    ['**', 'ab', false],
    ['##', 'a.b', false],
    ['a', '*', false],
    ['a', '#', false],
    ['*', '#', true],
    ['*', '*', true],
  ])('wildcards count only as whole words of a pattern: %j against %j: %j', (ofPattern, key, expected) => {
    expect(matches(ofPattern, key)).toBe(expected);
  });

  it('finds exactly what the definition says', () => {
    fc.assert(
      fc.property(fc.array(pattern, { maxLength: 12 }), fc.array(routingKey, { maxLength: 5 }), (patterns, keys) => {
        const trie = new TopicTrie<number>();
        patterns.forEach((one, i) => trie.add(one, i));
        for (const key of keys) {
          const expected = patterns.flatMap((one, i) => (naiveTopicMatch(one, key) ? [i] : []));
          expect(sorted(trie.match(key))).toEqual(expected);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('gives each value once, however many of its patterns match', () => {
    fc.assert(
      fc.property(fc.array(pattern, { maxLength: 8 }), routingKey, (patterns, key) => {
        const trie = new TopicTrie<string>();
        for (const one of patterns) trie.add(one, 'v');
        expect(trie.match(key)).toEqual(patterns.some((one) => naiveTopicMatch(one, key)) ? ['v'] : []);
      }),
    );
  });

  it('stays true to a plain list while patterns come and go', () => {
    // Few patterns, so that one is often the beginning of another.
    const near = fc.array(fc.constantFrom('a', 'b', 'c', '*', '#'), { maxLength: 3 }).map((words) => words.join('.'));
    const change = fc.tuple(fc.boolean(), near, fc.constantFrom(1, 2), fc.nat(99));
    fc.assert(
      fc.property(fc.array(change, { maxLength: 40 }), fc.array(routingKey, { maxLength: 5 }), (changes, keys) => {
        const trie = new TopicTrie<number>();
        const model = new Map<string, readonly [string, number]>();
        for (const [add, fresh, freshValue, at] of changes) {
          const known = [...model.values()][at % model.size];
          const [one, value] = (!add && known) || [fresh, freshValue];
          const id = `${value}${one}`;
          if (add) expect(trie.add(one, value)).toBe(!model.has(id));
          else expect(trie.remove(one, value)).toBe(model.has(id));
          if (add) model.set(id, [one, value]);
          else model.delete(id);
          expect(trie.size).toBe(model.size);
        }
        for (const key of ['', 'a', 'b.a', 'a.b.c', 'c.c.c', ...keys]) {
          const expected = [...model.values()].filter(([one]) => naiveTopicMatch(one, key)).map(([, value]) => value);
          expect(sorted(trie.match(key))).toEqual(sorted([...new Set(expected)]));
        }
      }),
      { numRuns: 300 },
    );
  });

  it.each(['a.b', 'a.*', 'a.#'])(
    'loses %s neither with the pattern that it begins with nor with its neighbours',
    (kept) => {
      const trie = new TopicTrie<string>();
      const others = ['a', 'a.c', 'a.d', 'a.e.f', '#', '*'];
      for (const one of [...others, kept]) trie.add(one, one);
      for (const one of others) expect(trie.remove(one, one)).toBe(true);
      expect(trie.match('a.b')).toEqual([kept]);
    },
  );

  it('agrees with qlobber where that follows AMQP: words that are not empty', () => {
    const plain = fc.constantFrom('a', 'b', 'c');
    const patternWords = fc.array(fc.oneof(plain, fc.constantFrom('*', '#')), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(
        fc.array(patternWords, { maxLength: 10 }),
        fc.array(plain, { minLength: 1, maxLength: 5 }),
        (patterns, key) => {
          const trie = new TopicTrie<number>();
          const qlobber = new Qlobber<number>({ max_wildcard_somes: 5 });
          patterns.forEach((one, i) => {
            trie.add(one.join('.'), i);
            qlobber.add(one.join('.'), i);
          });
          const expected = new Set(qlobber.match(key.join('.')));
          expect(sorted(trie.match(key.join('.')))).toEqual(sorted([...expected]));
        },
      ),
    );
  });

  it('ends soon on patterns that lead to an exponential search', () => {
    const trie = new TopicTrie<string>();
    const manyHashes = Array.from({ length: 200 }, () => '#').join('.');
    trie.add(`${manyHashes}.a`, 'hashes');
    trie.add(`${manyHashes.replaceAll('#.#', '#.*')}.a`, 'mixed');
    trie.add(Array.from({ length: 100 }, () => '#.b').join('.'), 'words');
    const key = Array.from({ length: 250 }, () => 'b').join('.');
    expect(trie.match(key)).toEqual(['words']);
    expect(sorted(trie.match(`${key}.a`))).toEqual(sorted(['hashes', 'mixed']));
  });

  it('takes patterns and keys of very many words', () => {
    const trie = new TopicTrie<string>();
    const long = Array.from({ length: 50_000 }, (_, i) => String(i)).join('.');
    trie.add(long, 'long');
    expect(trie.match(long)).toEqual(['long']);
    expect(trie.remove(long, 'long')).toBe(true);
    expect(trie.match(long)).toEqual([]);
  });

  it('keeps nothing of removed patterns', () => {
    const trie = new TopicTrie<number>();
    const patterns = Array.from({ length: 50_000 }, (_, i) => `orders.tenant${i % 10_000}.item${i}.*`);
    const before = heapUsed();
    patterns.forEach((one, i) => trie.add(one, i));
    const full = heapUsed() - before;
    patterns.forEach((one, i) => trie.remove(one, i));
    expect(trie.size).toBe(0);
    expect(heapUsed() - before).toBeLessThan(full / 20);
    // Used here, so that the patterns themselves count in all three measurements.
    expect(patterns).toHaveLength(50_000);
  });
});

describe('speed of TopicTrie', () => {
  it('lookup with 100,000 topic bindings is at least 50 times faster than the linear scan', () => {
    const count = 100_000;
    const trie = new TopicTrie<number>();
    const list: RegExp[] = [];
    for (let i = 0; i < count; i += 1) {
      const words = [`tenant${i}`, 'orders', ...(i % 2 ? ['*', 'created'] : ['#'])];
      trie.add(words.join('.'), i);
      const source = words.map((word) => (word === '*' ? String.raw`[^.]*` : word)).join(String.raw`\.`);
      list.push(new RegExp(`^${source.replace(String.raw`\.#`, String.raw`(\..*)?`)}$`));
    }
    const keys = Array.from({ length: 2_000 }, (_, i) => `tenant${(i * 7919) % count}.orders.eu.created`);
    const scan = (key: string): number[] => {
      const found: number[] = [];
      for (const [i, regExp] of list.entries()) if (regExp.test(key)) found.push(i);
      return found;
    };
    // Node compiles an expression at its first use and again, better, at its second: only the third scan is a fair one.
    const [first = '', second = '', third = ''] = keys;
    for (const key of [first, second]) expect(trie.match(key)).toEqual(scan(key));
    for (const key of keys) trie.match(key);

    const perScan = timed(() => scan(third));
    const perMatch = timed(() => keys.forEach((key) => trie.match(key))) / keys.length;
    expect(perScan / perMatch).toBeGreaterThanOrEqual(50);
  });
});
