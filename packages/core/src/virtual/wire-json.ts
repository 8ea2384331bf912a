import { jsonCodec } from '../codec/json.ts';
import { defaultLimits } from '../codec/limits.ts';

/** A body of the allowed size is a third longer as base64, and headers come on top. */
const envelopeLimits = {
  maxBodyBytes: Math.ceil((defaultLimits.maxBodyBytes * 4) / 3) + 1024 * 1024,
  maxDepth: defaultLimits.maxDepth,
};

/** A number in a header that JavaScript cannot hold is no reason to lose the message. */
const lenient = { bigints: 'bigint', nonFinite: 'number' } as const;

/**
 * Reads the text of an envelope as Python would write it, typed markers included. Of numbers it takes all that Python writes.
 *
 * @throws DecodeError when it is no JSON, or too large or too deep.
 */
export function parseEnvelope(payload: string): unknown {
  return jsonCodec.parse(payload, envelopeLimits, lenient);
}

/** Below this many characters, cutting costs more than it saves. */
const worthCutting = 2048;

/**
 * The same, faster for long bodies in base64: JSON is read character by character, and a body that stands first, where Python
 * and this library put it, can be cut out before.
 */
export function parseWithBody(payload: string): unknown {
  if (payload.length < worthCutting || payload.length > envelopeLimits.maxBodyBytes) return parseEnvelope(payload);
  const start = payload.startsWith('{"body":"') ? 9 : payload.startsWith('{"body": "') ? 10 : -1;
  const end = payload.indexOf('"', start);
  const body = payload.slice(start, end);
  if (start === -1 || body.length < worthCutting / 2 || body.includes('\\')) return parseEnvelope(payload);
  const message = parseEnvelope(payload.slice(0, start) + payload.slice(end)) as Record<string, unknown> | null;
  const properties = message?.['properties'] as Record<string, unknown> | null | undefined;
  // Only base64 is sure to stand there as it is, and a second `body` behind the first one counts instead of it.
  if (message?.['body'] !== '' || properties?.['body_encoding'] !== 'base64') return parseEnvelope(payload);
  return { ...message, body };
}
