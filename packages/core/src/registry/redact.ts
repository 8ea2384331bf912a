import { decode, encode } from './percent.ts';
import { schemePrefix } from './scheme.ts';
import { readings } from './url-reading.ts';

/** A half-open range of indexes of a text. */
type Span = readonly [start: number, end: number];

const mostlyName = /^[\w.~%+-]{0,32}$/;
const secretName =
  /(?:^|[_.-])(?:pass|pwd|sig|sas|auth)$|(?:passwd|password|passphrase|secret|token|key|signature|credentials?)(?:$|[_.-])/;

/** Does a query parameter or option of this name hold a secret? `ssl_password`, `sasToken`, `AccountKey`, `sig` do. */
export function isSecretName(name: string): boolean {
  return secretName.test(name.replaceAll(/([a-z\d])([A-Z])/g, '$1_$2').toLowerCase());
}

/**
 * Masks the password of a URL and the values of query parameters that hold secrets by their name; the rest stays
 * readable. Never throws, also for text that is no URL. Where a malformed URL leaves open what its secret is, everything
 * that could be one goes: from the first colon to the last `@`, or to the end when there is no `@`.
 */
export function redactUrl(url: string, mask = '**'): string {
  const start = schemePrefix.exec(url)?.[0].length ?? 0;
  const rest = url.slice(start);
  return url.slice(0, start) + maskSpans(rest, [credentialSpan(rest), ...secretParameters(rest)], mask);
}

function credentialSpan(rest: string): Span {
  const at = rest.lastIndexOf('@');
  const colon = rest.indexOf(':');
  if (at === -1) {
    // `amqp://user:secret`, its host forgotten: a port that is no port may be a password.
    return colon === -1 || isReadable(rest) ? [0, 0] : [colon + 1, rest.length];
  }
  // `KEY@https://account.example`: the whole front is a key or signature of Azure, colons included.
  if (schemePrefix.test(rest.slice(at + 1))) return mostlyName.test(rest.slice(0, at)) ? [0, 0] : [0, at];
  if (colon !== -1 && colon < at) return [colon + 1, at];
  // Without a colon it is a user name, unless it does not look like one; behind a `/` or `?` the host has ended.
  const front = rest.slice(0, at);
  return mostlyName.test(front) || /[/?]/.test(front) ? [0, 0] : [0, at];
}

/** For text without `@`: there is one way to read it, and its cost grows no faster than its length. */
function isReadable(rest: string): boolean {
  return readings(rest).every((reading) => reading.problem === undefined);
}

function secretParameters(rest: string): Span[] {
  return Array.from(rest.matchAll(/(?<=[?&])([^=&?]*)=([^&]*)/g), (match): Span => {
    const [all, name = '', value = ''] = match;
    const end = match.index + all.length;
    return isSecretName(decodeAnyway(name)) ? [end - value.length, end] : [0, 0];
  });
}

function decodeAnyway(name: string): string {
  try {
    return decode(name);
  } catch {
    return name;
  }
}

/** Spans that overlap become one mask, so that no rest of either is left between. */
function maskSpans(text: string, spans: readonly Span[], mask: string): string {
  let masked = '';
  let done = 0;
  for (const [start, end] of spans.toSorted(([a], [b]) => a - b)) {
    if (end <= start || end <= done) continue;
    masked += start < done ? '' : text.slice(done, start) + mask;
    done = end;
  }
  return masked + text.slice(done);
}

/**
 * Masks the secrets of every URL inside a text, for messages of client libraries, which like to quote URLs. A URL ends at
 * a blank, a quote or `<>`; a secret that holds one of these may be masked only in part unless it is among `secrets`.
 *
 * @param secrets - secrets known to the caller; they are masked wherever they stand, as they are and percent-encoded.
 * Those shorter than three characters are left alone: they protect nothing, and masking them would eat the message.
 */
export function redactText(text: string, secrets: readonly string[] = []): string {
  const known = secrets.filter((secret) => secret.length >= 3).flatMap((secret) => [secret, encode(secret)]);
  const longestFirst = known.toSorted((a, b) => b.length - a.length);
  const hidden = longestFirst.reduce((rest, secret) => rest.replaceAll(secret, '**'), text);
  // A scheme starts a URL unless it stands behind the `@` of one.
  return hidden
    .split(/(?<![\w+.@-])(?=[a-z][a-z\d+.-]*:\/\/)/i)
    .map(redactStart)
    .join('');
}

/** Masks the URL at the start of a piece of text, if there is one. */
function redactStart(piece: string): string {
  const start = schemePrefix.exec(piece)?.[0].length;
  if (start === undefined) return piece;
  const length = piece.slice(start).search(/[\s"'`<>]/);
  const url = length === -1 ? piece : piece.slice(0, start + length);
  // Not a pattern `[...]+$`, which takes quadratic time on a long run of such marks.
  let end = url.length;
  while (end > start && '.,:;!?)]}'.includes(url.charAt(end - 1))) end -= 1;
  const rest = url.slice(start, end);
  const readable = rest.includes('@') || isReadable(rest);
  // `amqp://host:5672: refused`: nothing in it can be a secret, but the colon would look like the start of one.
  if (readable && !/[@?]/.test(rest)) return piece;
  // A secret with a blank or quote in it: what looks like the end of the URL is not.
  if (!readable && piece.includes('@', url.length)) return redactUrl(piece);
  return redactUrl(url) + piece.slice(url.length);
}
