import { JsonCodec, jsonCodec } from '../codec/json.ts';
import { defaultLimits } from '../codec/limits.ts';

/** A body of the allowed size is a third longer as base64, and headers come on top. */
const envelopeLimits = {
  maxBodyBytes: Math.ceil((defaultLimits.maxBodyBytes * 4) / 3) + 1024 * 1024,
  maxDepth: defaultLimits.maxDepth,
};

/** A number in a header that JavaScript cannot hold is no reason to lose the message. */
const lenientCodec: JsonCodec = new JsonCodec({ bigints: 'bigint', nonFinite: 'number' });

/**
 * Reads the text of an envelope as Python would write it, typed markers included. Of numbers it takes all that Python writes.
 *
 * @throws DecodeError when it is no JSON, or too large or too deep.
 */
export function parseEnvelope(payload: string): unknown {
  try {
    return jsonCodec.parse(payload, envelopeLimits);
  } catch {
    return lenientCodec.parse(payload, envelopeLimits);
  }
}
