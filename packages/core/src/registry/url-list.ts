import { InvalidArgumentError } from '../errors.ts';
import { bareHost, schemeOf } from './scheme.ts';

/**
 * The URLs of a failover list.
 *
 * An array is taken entry by entry, as it is. A string is a list with `;` between the entries, as Kombu writes it; empty
 * entries are dropped. A `;` separates only in front of `scheme://`, and in front of bare hosts at the end of an entry
 * (`amqp://a;b:5673`); any other `;`, such as one in a password, belongs to its URL. A bare host takes the scheme of the
 * entry before it, or `amqp`; credentials it does not inherit.
 *
 * @throws InvalidArgumentError when there is no URL in it.
 */
export function splitUrls(input: string | readonly string[]): string[] {
  const entries: readonly unknown[] = typeof input === 'string' ? splitList(input) : input;
  let scheme = 'amqp';
  const urls: string[] = [];
  for (const entry of entries) {
    if (typeof entry !== 'string') throw new InvalidArgumentError(`A broker URL is a string, not ${typeof entry}`);
    if (entry === '') continue;
    const bare = bareHost.test(entry);
    if (!bare) scheme = schemeOf(entry);
    urls.push(bare ? `${scheme}://${entry}` : entry);
  }
  if (urls.length === 0) throw new InvalidArgumentError('No broker URL was given, such as amqp://localhost');
  return urls;
}

function splitList(list: string): string[] {
  return list.split(/;(?=\s*[a-z][a-z\d+.-]*:\/\/)/i).flatMap((entry) => {
    const pieces = entry.split(';');
    const hosts: string[] = [];
    for (let last = pieces.at(-1)?.trim() ?? ''; pieces.length > 1; last = pieces.at(-1)?.trim() ?? '') {
      if (last !== '' && !bareHost.test(last)) break;
      hosts.unshift(last);
      pieces.pop();
    }
    return [pieces.join(';').trim(), ...hosts];
  });
}
