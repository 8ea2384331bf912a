import { isUtf8 } from 'node:buffer';

/** A payload as the body of an SQS message: in base64, unless the option `sqsBase64Encoding` says otherwise. */
export function encodeBody(payload: string, base64: boolean): string {
  return base64 ? Buffer.from(payload).toString('base64') : payload;
}

/** The text in the body of an SQS message. As in Kombu, what is well-formed base64 of UTF-8 is decoded, whatever the options say. */
export function textOfBody(body: string): string {
  return textOfBase64(body.trim()) ?? body;
}

/** The payload in the body of an SQS message. A text that is no envelope comes from a producer without Kombu: it gets one. */
export function payloadOfBody(body: string): string {
  const text = textOfBody(body);
  return isEnvelope(text) ? text : JSON.stringify({ body: text, properties: { delivery_info: {} } });
}

const base64 = /^[A-Za-z0-9+/]+={0,2}$/;

function textOfBase64(text: string): string | undefined {
  if (text.length % 4 !== 0 || !base64.test(text)) return undefined;
  const bytes = Buffer.from(text, 'base64');
  return isUtf8(bytes) && bytes.toString('base64') === text ? bytes.toString() : undefined;
}

/** Those of Kombu and of this library begin alike, and are not parsed twice. */
function isEnvelope(text: string): boolean {
  if (!text.includes('"properties"')) return false;
  return text.startsWith('{"body": "') || text.startsWith('{"body":"') || hasProperties(text);
}

function hasProperties(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && 'properties' in value;
  } catch {
    return false;
  }
}
