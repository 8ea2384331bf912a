import type { Arguments, BindingDeclaration } from '../../src/spi/declarations.ts';
import type { Headers } from '../../src/spi/envelope.ts';

/** The definition of topic matching, word by word, without any cleverness. */
export function naiveTopicMatch(pattern: string, routingKey: string): boolean {
  return wordsMatch(words(pattern), words(routingKey));
}

function words(key: string): string[] {
  return key === '' ? [] : key.split('.');
}

function wordsMatch(pattern: readonly string[], key: readonly string[]): boolean {
  const [head, ...rest] = pattern;
  if (head === undefined) return key.length === 0;
  if (head === '#') return wordsMatch(rest, key) || (key.length > 0 && wordsMatch(pattern, key.slice(1)));
  return key.length > 0 && (head === '*' || head === key[0]) && wordsMatch(rest, key.slice(1));
}

/** Headers matching for flat arguments of strings, numbers and null. */
export function naiveHeadersMatch(args: Arguments, headers: Headers): boolean {
  const mode = (args['x-match'] ?? 'all') as string;
  const counted = Object.keys(args).filter(
    (key) => key !== 'x-match' && (mode.endsWith('-with-x') || !key.startsWith('x-')),
  );
  const holds = (key: string): boolean => key in headers && (args[key] === null || args[key] === headers[key]);
  return mode.startsWith('any') ? counted.some(holds) : counted.every(holds);
}

export function naiveMatch(type: string, binding: BindingDeclaration, routingKey: string, headers: Headers): boolean {
  if (type === 'direct') return binding.routingKey === routingKey;
  if (type === 'topic') return naiveTopicMatch(binding.routingKey, routingKey);
  if (type === 'headers') return naiveHeadersMatch(binding.arguments, headers);
  return true;
}
