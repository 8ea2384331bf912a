/** A member of a JSON object, by the places of its value in the text. */
export interface Member {
  readonly key: string;
  readonly start: number;
  readonly end: number;
}

// JSON is cut and mended here as text: reading and writing it again would change numbers that JavaScript cannot hold, and
// what Python writes beyond JSON. No function here is recursive, and each takes time in proportion to the text.

/** The place behind the value that starts at `start`, or -1 when the text ends before. */
export function endOfValue(text: string, start: number): number {
  const first = text[start];
  if (first === '"') return endOfString(text, start);
  if (first === '{' || first === '[') return endOfNest(text, start);
  const ends = /[\s,\]}]/g;
  ends.lastIndex = start;
  return ends.exec(text)?.index ?? text.length;
}

/** The members of the object that starts at `start`; nothing when there is none, and no more where it is broken. */
export function* members(text: string, start: number): Generator<Member, void, undefined> {
  if (text[start] !== '{') return;
  let at = skipSpace(text, start + 1);
  while (text[at] === '"') {
    const keyEnd = endOfString(text, at);
    const colon = skipSpace(text, keyEnd);
    if (keyEnd === -1 || text[colon] !== ':') return;
    const valueStart = skipSpace(text, colon + 1);
    const valueEnd = endOfValue(text, valueStart);
    if (valueEnd === -1) return;
    yield { key: text.slice(at + 1, keyEnd - 1), start: valueStart, end: valueEnd };
    at = skipSpace(text, valueEnd);
    if (text[at] === ',') at = skipSpace(text, at + 1);
  }
}

/** The last member of this name, which is the one that counts when there are several. */
export function member(text: string, start: number, key: string): Member | undefined {
  let found: Member | undefined;
  for (const each of members(text, start)) if (each.key === key) found = each;
  return found;
}

/** The place where the string begins that ends right before `end`, or -1 when none does. */
export function startOfString(text: string, end: number): number {
  if (text[end - 1] !== '"') return -1;
  let at = text.lastIndexOf('"', end - 2);
  while (at > 0 && escapesBefore(text, at) % 2 === 1) at = text.lastIndexOf('"', at - 1);
  return at;
}

function endOfString(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); at !== -1; at = text.indexOf('"', at + 1)) {
    if (escapesBefore(text, at) % 2 === 0) return at + 1;
  }
  return -1;
}

function escapesBefore(text: string, at: number): number {
  let count = 0;
  while (text[at - 1 - count] === '\\') count += 1;
  return count;
}

function endOfNest(text: string, start: number): number {
  const marks = /["[\]{}]/g;
  marks.lastIndex = start;
  let depth = 0;
  for (let mark = marks.exec(text); mark; mark = marks.exec(text)) {
    if (mark[0] === '"') {
      const end = endOfString(text, mark.index);
      if (end === -1) return -1;
      marks.lastIndex = end;
    } else {
      depth += mark[0] === '{' || mark[0] === '[' ? 1 : -1;
      if (depth === 0) return mark.index + 1;
    }
  }
  return -1;
}

function skipSpace(text: string, start: number): number {
  let at = start;
  while (at >= 0 && /\s/.test(text[at] ?? 'x')) at += 1;
  return at;
}
