import { member, type Member } from './json-text.ts';

/** How often the message was delivered and given back; core looks for it there. */
const countHeader = 'x-delivery-count';

/** A change to a text: what stands from `start` to `end` becomes `text`. */
interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/**
 * The payload of a message that is given back: marked as redelivered where Kombu does it on Redis, in the headers and in the
 * delivery info, and counted. All else stays as it is, to the letter. What has neither headers nor delivery info is no envelope;
 * it gets a mark behind it, which {@link readMark} takes off again.
 */
export function markRedelivered(payload: string): string {
  if (!payload.startsWith('{')) return marked(payload);
  const headers = objectOf(payload, member(payload, 0, 'headers'));
  const properties = objectOf(payload, member(payload, 0, 'properties'));
  const info = properties && objectOf(payload, member(payload, properties.start, 'delivery_info'));
  if (!headers && !info) return marked(payload);
  const edits: Edit[] = [];
  if (headers) {
    const count = member(payload, headers.start, countHeader);
    const known = count ? Number(payload.slice(count.start, count.end)) : 0;
    const next = Number.isSafeInteger(known) && known >= 0 ? known + 1 : 1;
    edits.push(...set(payload, headers, { redelivered: 'true', [countHeader]: String(next) }));
  }
  if (info) edits.push(...set(payload, info, { redelivered: 'true' }));
  return apply(payload, edits);
}

const mark = '\0redelivered:';
/** More digits are no mark. */
const highestCount = 999_999_999;

/** What a text from a list says. */
export interface MarkedPayload {
  readonly payload: string;
  /** How often it was delivered before; undefined when it has no mark. */
  readonly deliveryCount: number | undefined;
}

/** Takes off the mark of a message that is no envelope. */
export function readMark(text: string): MarkedPayload {
  const at = text.endsWith('}') ? -1 : text.lastIndexOf(mark);
  const count = at === -1 ? '' : text.slice(at + mark.length);
  if (!/^\d{1,9}$/.test(count)) return { payload: text, deliveryCount: undefined };
  return { payload: text.slice(0, at), deliveryCount: Number(count) };
}

function marked(text: string): string {
  const { payload, deliveryCount = 0 } = readMark(text);
  return `${payload}${mark}${Math.min(deliveryCount + 1, highestCount)}`;
}

function objectOf(text: string, found: Member | undefined): Member | undefined {
  return found && text[found.start] === '{' ? found : undefined;
}

/** Members that are there get another value, the others are put before all. */
function set(text: string, object: Member, values: Readonly<Record<string, string>>): Edit[] {
  const edits: Edit[] = [];
  let added = '';
  for (const [key, value] of Object.entries(values)) {
    const found = member(text, object.start, key);
    if (found) edits.push({ start: found.start, end: found.end, text: value });
    else added += `${added === '' ? '' : ', '}"${key}": ${value}`;
  }
  if (added === '') return edits;
  const at = object.start + 1;
  const isEmpty = /^\{\s*\}/.test(text.slice(object.start, object.end));
  return [...edits, { start: at, end: at, text: isEmpty ? added : `${added}, ` }];
}

/** From the last place to the first, so that the places before stay what they are. */
function apply(text: string, edits: readonly Edit[]): string {
  let changed = text;
  for (const edit of edits.toSorted((a, b) => b.start - a.start)) {
    changed = changed.slice(0, edit.start) + edit.text + changed.slice(edit.end);
  }
  return changed;
}
