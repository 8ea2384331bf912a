/**
 * The rule of AMQP topics in its plainest form: `*` is one word, `#` is any number of words. The demo works out with it what
 * each queue has to get, without asking the library that it checks.
 */
export function topicMatches(pattern: string, routingKey: string): boolean {
  return wordsMatch(pattern.split('.'), routingKey.split('.'));
}

function wordsMatch(pattern: readonly string[], words: readonly string[]): boolean {
  const [first, ...rest] = pattern;
  if (first === undefined) return words.length === 0;
  if (first === '#' && wordsMatch(rest, words)) return true;
  if (words.length === 0) return false;
  if (first === '#') return wordsMatch(pattern, words.slice(1));
  return (first === '*' || first === words[0]) && wordsMatch(rest, words.slice(1));
}
