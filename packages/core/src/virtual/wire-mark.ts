import { jsonCodec } from '../codec/json.ts';
import { parseEnvelope } from './wire-json.ts';
import { deliveryCountHeader } from './wire-names.ts';

/**
 * The payload of a message that goes back to its queue: marked as redelivered in the places where Kombu and Celery look, and
 * counted. A payload that is no envelope stays as it is. Bytes and compression of the body are not touched.
 */
export function markRedelivered(payload: string, deliveryCount: number): string {
  try {
    const message = parseEnvelope(payload);
    if (!isObject(message) || !isObject(message['properties'])) return payload;
    return jsonCodec.stringify(marked(message, message['properties'], deliveryCount));
  } catch {
    // No envelope, or a header such as NaN that JSON cannot hold: its reader decides; here it only has to survive.
    return payload;
  }
}

function marked(
  message: Readonly<Record<string, unknown>>,
  properties: Readonly<Record<string, unknown>>,
  deliveryCount: number,
): object {
  return {
    ...message,
    redelivered: true,
    headers: { ...objectOf(message['headers']), [deliveryCountHeader]: deliveryCount },
    properties: { ...properties, delivery_info: { ...objectOf(properties['delivery_info']), redelivered: true } },
  };
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return isObject(value) ? value : {};
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
