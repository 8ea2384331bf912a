import { createHash, randomUUID } from 'node:crypto';

/** What a message's file is called: `[<until>-]<id>[_<deliveries>].<queue>.msg`. */
export interface MessageFile {
  /** `<monotonic ms>_<uuid4>`, as Kombu has it; kept for life. */
  readonly id: string;
  /** As `escapeName` writes it. */
  readonly queue: string;
  /** How often it was delivered before; Kombu does not count. */
  readonly deliveryCount: number;
  /** When the lease of a claimed message ends, in wall-clock milliseconds. */
  readonly until?: number | undefined;
}

// A file name has at most 255 bytes, of which a claim needs 75 for the rest.
const longestName = 180;

/**
 * A queue or an exchange as part of a file name: as it is, like Kombu; percent-encoded where a file name cannot hold it; its
 * hash when it is too long, or no Unicode.
 */
export function escapeName(name: string): string {
  const escaped = name.replaceAll(/[%/\0]/g, encodeURIComponent);
  const bytes = Buffer.from(escaped);
  if (bytes.length <= longestName && bytes.toString() === escaped) return escaped;
  return `%~${createHash('sha256').update(name, 'utf16le').digest('hex')}`;
}

// Kombu rounds to milliseconds.
const halfMs = 500_000n;

/** The file of a message of now. Kombu leaves the order within a millisecond to chance; this UUID starts with nanoseconds. */
export function newMessageFile(queue: string): MessageFile {
  const now = process.hrtime.bigint() + halfMs;
  const nanoseconds = (now % 1_000_000n).toString(16).padStart(8, '0');
  return {
    id: `${now / 1_000_000n}_${nanoseconds}${randomUUID().slice(8)}`,
    queue: escapeName(queue),
    deliveryCount: 0,
  };
}

export function formatFile({ id, queue, deliveryCount, until }: MessageFile): string {
  return `${until === undefined ? '' : `${until}-`}${id}${deliveryCount > 0 ? `_${deliveryCount}` : ''}.${queue}.msg`;
}

const pattern = /^(?:(\d+)-)?(\d+_[^._]+)(?:_([1-9]\d*))?\.(.+)\.msg$/s;

/** Undefined for any other file. */
export function parseFile(name: string): MessageFile | undefined {
  const [, until, id, deliveryCount = 0, queue] = pattern.exec(name) ?? [];
  if (id === undefined || queue === undefined) return undefined;
  return { id, queue, deliveryCount: Number(deliveryCount), ...(until && { until: Number(until) }) };
}

/** Oldest first. Not as texts: 1000 would come before 999. */
export function byAge({ id: one }: MessageFile, { id: other }: MessageFile): number {
  return Number.parseInt(one, 10) - Number.parseInt(other, 10) || (one < other ? -1 : 1);
}
