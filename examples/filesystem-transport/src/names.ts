import { createHash, randomUUID } from 'node:crypto';

/** A file with a message: `<id>[_<deliveries>].<queue>.msg`. */
export interface MessageFile {
  /** The whole name. */
  readonly file: string;
  /** `<ms>_<uuid4>`; the message keeps it for life. */
  readonly id: string;
  /** When it was published, by the monotonic clock of the machine, in milliseconds. */
  readonly ms: number;
  /** How often it was delivered before. Kombu does not count. */
  readonly deliveryCount: number;
  /** As `escapeName` writes it. */
  readonly queue: string;
}

// A file name has at most 255 bytes, and that of a claim needs 75 for the rest.
const longestName = 180;

/**
 * A queue or an exchange as part of a file name: as it is, like Kombu; percent-encoded where a file name cannot hold it; its
 * hash when it is too long.
 */
export function escapeName(name: string): string {
  const escaped = name.replaceAll(/[%/\0]/g, encodeURIComponent);
  return Buffer.byteLength(escaped) <= longestName ? escaped : `%~${createHash('sha256').update(name).digest('hex')}`;
}

// Kombu rounds to milliseconds.
const halfMs = 500_000n;

/** For a message of now. Kombu leaves the order within a millisecond to chance; here the UUID starts with the nanoseconds. */
export function newMessageId(): string {
  const now = process.hrtime.bigint() + halfMs;
  const nanoseconds = (now % 1_000_000n).toString(16).padStart(8, '0');
  return `${now / 1_000_000n}_${nanoseconds}${randomUUID().slice(8)}`;
}

export function messageFile(id: string, deliveryCount: number, escapedQueue: string): string {
  return `${id}${deliveryCount > 0 ? `_${deliveryCount}` : ''}.${escapedQueue}.msg`;
}

const pattern = /^((\d+)_[^._]+)(?:_(\d+))?\.(.+)\.msg$/s;

/** Undefined for any other file. */
export function parseMessageFile(file: string): MessageFile | undefined {
  const [, id, ms, deliveryCount = 0, queue] = pattern.exec(file) ?? [];
  if (id === undefined || queue === undefined) return undefined;
  return { file, id, ms: Number(ms), deliveryCount: Number(deliveryCount), queue };
}

/** Oldest first. Not as texts: 1000 would come before 999. */
export function byAge(one: MessageFile, other: MessageFile): number {
  return one.ms - other.ms || (one.id < other.id ? -1 : 1);
}

/** The message in somebody's hands until a wall-clock time in milliseconds. */
export function claimFile(until: number, file: string): string {
  return `${until}_${file}`;
}

export function parseClaimFile(claim: string): { readonly until: number; readonly file: string } {
  const end = claim.indexOf('_');
  return { until: Number(claim.slice(0, end)), file: claim.slice(end + 1) };
}
