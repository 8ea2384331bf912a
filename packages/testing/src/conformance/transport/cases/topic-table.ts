/**
 * Topic patterns and the keys that they match, as the AMQP 0-9-1 specification has it: words are separated by dots and may
 * be empty, `*` is exactly one word, `#` is zero or more, and both are wildcards only as whole words.
 */
export const topicTable: {
  readonly keys: readonly string[];
  readonly expected: Readonly<Record<string, readonly string[]>>;
} = {
  keys: ['a', 'b', 'a.b', 'a.b.c', 'a.x.c', 'a.x.y.c', 'a.c', 'b.c', 'a..c', 'a.', '.a', 'x*', 'a.*', 'A.b'],
  expected: {
    a: ['a'],
    'a.b': ['a.b'],
    '*': ['a', 'b', 'x*'],
    '#': ['a', 'b', 'a.b', 'a.b.c', 'a.x.c', 'a.x.y.c', 'a.c', 'b.c', 'a..c', 'a.', '.a', 'x*', 'a.*', 'A.b'],
    'a.*': ['a.b', 'a.c', 'a.', 'a.*'],
    'a.#': ['a', 'a.b', 'a.b.c', 'a.x.c', 'a.x.y.c', 'a.c', 'a..c', 'a.', 'a.*'],
    '*.c': ['a.c', 'b.c'],
    '#.c': ['a.b.c', 'a.x.c', 'a.x.y.c', 'a.c', 'b.c', 'a..c'],
    'a.*.c': ['a.b.c', 'a.x.c', 'a..c'],
    'a.#.c': ['a.b.c', 'a.x.c', 'a.x.y.c', 'a.c', 'a..c'],
    '*.*': ['a.b', 'a.c', 'b.c', 'a.', '.a', 'a.*', 'A.b'],
    '#.b.#': ['b', 'a.b', 'a.b.c', 'b.c', 'A.b'],
    '*.#.c': ['a.b.c', 'a.x.c', 'a.x.y.c', 'a.c', 'b.c', 'a..c'],
    'x*': ['x*'],
  },
};
