/** The largest message that the service takes, in bytes of UTF-8. In base64, three quarters of that. */
export const maxMessageBytes = 65_536;

/** XML has no way to write these two, and JSON does not escape them by itself. They only stand inside of JSON strings. */
const noXml = /[\uFFFE\uFFFF]/g;

/** What is written for a payload. Kombu, as this library, leaves JSON as it is; other clients of Azure wrap it in base64. */
export function toMessageText(payload: string, encoding: 'text' | 'base64'): string {
  if (encoding === 'base64') return Buffer.from(payload).toString('base64');
  return payload.replaceAll(noXml, (character) => `\\u${character.charCodeAt(0).toString(16)}`);
}

/** The payload of a message, however it was written: an envelope begins with a brace. */
export function fromMessageText(text: string): string {
  if (text.startsWith('{') || !isBase64(text)) return text;
  const decoded = Buffer.from(text, 'base64');
  return decoded[0] === brace ? decoded.toString() : text;
}

const brace = 0x7b;

function isBase64(text: string): boolean {
  return text.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(text);
}
