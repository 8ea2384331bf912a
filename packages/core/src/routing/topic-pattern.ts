const wildcards: ReadonlyMap<string, string> = new Map([
  ['*', String.raw`.*?[^\.]`],
  ['#', '.*?'],
]);

/**
 * The text that Kombu up to 5.6 stores beside a topic binding: a Python regular expression. Python peers match with it and remove
 * the binding by the very same text, so it is written byte for byte as Kombu would. (Kombu 5.7 writes `[^\.]+` for the word `*`
 * and matches by whichever text is stored.)
 *
 * It is not how this library matches: Kombu's `*` crosses dots and its `#` insists on the dots around it; see `TopicTrie`. As in
 * Kombu, a word such as `**` gives a text that is no valid expression. In JavaScript, compile it without the `u` flag. What counts
 * as a letter or digit follows the Unicode version of the runtime, in Python as here.
 */
export function kombuTopicPattern(routingKey: string): string {
  const words = routingKey.replaceAll(/[^\p{L}\p{N}.#*]/gu, escaped).split('.');
  return `^${words.map((word) => wildcards.get(word) ?? word).join(String.raw`\.`)}$`;
}

function escaped(character: string): string {
  return character === '\0' ? String.raw`\000` : `\\${character}`;
}
