import { createHash } from 'node:crypto';

/** Python's `string.punctuation`. */
const punctuation = /[!-/:-@[-`{-~]/g;
/** What the service takes. */
const valid = /^(?!.*--)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/;
const longest = 63;
const hashLength = 16;

/**
 * What a queue is called in Azure. As in Kombu, punctuation becomes `-`. Where the service would refuse that name, for it
 * takes 3 to 63 of `a-z`, `0-9` and single `-`, a hash makes one that it takes, and that no other queue has.
 */
export function serviceName(prefix: string, queue: string): string {
  const name = (prefix + queue).replaceAll(punctuation, '-');
  if (valid.test(name)) return name;
  const hash = createHash('sha256')
    .update(prefix + queue)
    .digest('hex')
    .slice(0, hashLength);
  const words = name
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');
  const readable = words
    .join('-')
    .slice(0, longest - hashLength - 1)
    .replace(/-$/, '');
  return readable === '' ? hash : `${readable}-${hash}`;
}
