import { kombuTopicPattern } from '../../src/routing/topic-pattern.ts';

/** What `TopicExchange.key_to_pattern` of Kombu 5.6.2 makes of each key, on Python 3.11. */
const golden: readonly (readonly [routingKey: string, pattern: string])[] = [
  ['', '^$'],
  ['#', '^.*?$'],
  ['*', '^.*?[^\\.]$'],
  ['a', '^a$'],
  ['.', '^\\.$'],
  ['..', '^\\.\\.$'],
  ['a.', '^a\\.$'],
  ['.a', '^\\.a$'],
  ['stock.us.*', '^stock\\.us\\..*?[^\\.]$'],
  ['foo.#', '^foo\\..*?$'],
  ['a-b_c.*', '^a\\-b\\_c\\..*?[^\\.]$'],
  ['#.#', '^.*?\\..*?$'],
  ['*.*', '^.*?[^\\.]\\..*?[^\\.]$'],
  ['a.*.#.b', '^a\\..*?[^\\.]\\..*?\\.b$'],
  ['a*', '^a*$'],
  ['a#.b*', '^a#\\.b*$'],
  ['**', '^**$'],
  ['##', '^##$'],
  ['*.a-*', '^.*?[^\\.]\\.a\\-*$'],
  ['celery@host.*', '^celery\\@host\\..*?[^\\.]$'],
  ['ünï.cødé', '^ünï\\.cødé$'],
  ['名前.*', '^名前\\..*?[^\\.]$'],
  ['a b', '^a\\ b$'],
  ['a\u0009b', '^a\\\u0009b$'],
  ['a\u000ab', '^a\\\u000ab$'],
  ['\u0000', '^\\000$'],
  ['a\u0000b.#', '^a\\000b\\..*?$'],
  ['(x)|[y]{z}^$+?\\/', '^\\(x\\)\\|\\[y\\]\\{z\\}\\^\\$\\+\\?\\\\\\/$'],
  ['½.²', '^½\\.²$'],
  ['Ⅷ', '^Ⅷ$'],
  ['٣', '^٣$'],
  ['😀.*', '^\\😀\\..*?[^\\.]$'],
  ['\u0301', '^\\\u0301$'],
  ['e\u0301', '^e\\\u0301$'],
  ['_', '^\\_$'],
  ['-', '^\\-$'],
  ['%', '^\\%$'],
  ['"', '^\\"$'],
  ["'", "^\\'$"],
  ['𝒜.𝟙', '^𝒜\\.𝟙$'],
  ['\ud800', '^\\\ud800$'],
  ['İ', '^İ$'],
  ['ß', '^ß$'],
  ['\u200b', '^\\\u200b$'],
];

function matches(pattern: string, key: string): boolean {
  return new RegExp(kombuTopicPattern(pattern)).test(key);
}

describe('kombuTopicPattern', () => {
  it.each(golden)('writes %j as Kombu does', (routingKey, pattern) => {
    expect(kombuTopicPattern(routingKey)).toBe(pattern);
  });

  it('gives expressions that mean in JavaScript what they mean in Python', () => {
    expect(matches('stock.us.*', 'stock.us.ibm')).toBe(true);
    expect(matches('a-b_c.(x)', 'a-b_c.(x)')).toBe(true);
    expect(matches('a-b_c.(x)', 'a-b_c.x')).toBe(false);
    expect(matches('\u{1f600}.*', '\u{1f600}.x')).toBe(true);
    expect(matches('a\0b', 'a\0b')).toBe(true);
    // Kombu is not AMQP: its # keeps the dots around it, and its * crosses dots.
    expect(matches('foo.#', 'foo')).toBe(false);
    expect(matches('stock.*', 'stock.us.ibm')).toBe(true);
  });
});
