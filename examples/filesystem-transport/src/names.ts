import { randomUUID } from 'node:crypto';

/** A queue or an exchange as a part of a file name: itself, as in Kombu, but for what no file name can hold. */
export function escapeName(name: string): string {
  return name.replaceAll(/[%/\0]/g, encodeURIComponent);
}

/** `<monotonic ms>_<uuid4>.<queue>.msg`. Kombu leaves the order within a millisecond to chance; this UUID starts with it. */
export function newMessage(queue: string): string {
  // Kombu rounds to milliseconds.
  const now = String(process.hrtime.bigint() + 500_000n);
  return `${now.slice(0, -6)}_00${now.slice(-6)}${randomUUID().slice(8)}.${escapeName(queue)}.msg`;
}

const parts = /^(\d+_[^._]+)(?:_(\d+))?\.(.+)\.msg$/s;

/** Is this file a message of the queue? */
export function isOf(queue: string): (file: string) => boolean {
  const escaped = escapeName(queue);
  return (file) => parts.exec(file)?.[3] === escaped;
}

/** How often it was delivered before; Kombu does not count. */
export function deliveriesOf(file: string): number {
  return Number(parts.exec(file)?.[2] ?? 0);
}

/** The name of a message that is given back: at its old place, and counted. */
export function returned(file: string): string {
  return file.replace(parts, `$1_${deliveriesOf(file) + 1}.$3.msg`);
}

/** Oldest first. Not as texts: 1000 would come before 999. */
export function byAge(one: string, other: string): number {
  return Number.parseInt(one, 10) - Number.parseInt(other, 10) || (one < other ? -1 : 1);
}
