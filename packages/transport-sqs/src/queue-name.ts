import { createHash } from 'node:crypto';

/** What makes a queue a FIFO queue. */
export const fifoSuffix = '.fifo';

/** Characters that SQS takes, the suffix included. */
const longestName = 80;
const hashLength = 16;

/**
 * What a queue is called in SQS. As in Kombu, `.` becomes `-`, and all other ASCII punctuation but `-` and `_` becomes `_`.
 * A name that SQS refuses even so, because it is too long or has other characters, gets a hash instead of what it loses: no
 * Python process can have such a queue.
 */
export function sqsNameOf(queue: string, prefix: string): string {
  const name = prefix + queue;
  const suffix = name.endsWith(fifoSuffix) ? fifoSuffix : '';
  const stem = name.slice(0, name.length - suffix.length);
  const longest = longestName - suffix.length;
  const kombu = stem.replaceAll('.', '-').replaceAll(/[!-/:-@[-`{-~]/g, (sign) => (sign === '-' ? '-' : '_'));
  if (kombu.length <= longest && /^[\w-]+$/.test(kombu)) return kombu + suffix;
  const hash = createHash('sha256').update(name).digest('hex').slice(0, hashLength);
  const readable = kombu.replaceAll(/[^\w-]/g, '_').slice(0, longest - hashLength - 1);
  return `${readable}-${hash}${suffix}`;
}
