import { isAscii, isUtf8 } from 'node:buffer';
import { DecodeError, EncodeError } from '../errors.ts';

/** The two content encodings that mean "bytes, not text", as Kombu compares them: in lower case. */
const binary: ReadonlySet<string> = new Set(['binary', 'ascii-8bit']);

/** The characters 0x80 to 0x9f of windows-1252; the five that it leaves open stay control characters. */
const windows1252 = '€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ';

/**
 * What a body without a serializer of its own decodes to: text in the character set that the content encoding names
 * (any case), or the bytes themselves for `binary` and `ascii-8bit`.
 *
 * @throws DecodeError when the character set is unknown or the bytes are not text in it.
 */
export function decodeText(body: Buffer, contentEncoding: string): Buffer | string {
  const charset = contentEncoding.toLowerCase();
  if (binary.has(charset)) return body;
  const text = decodeCharset(body, charset.replaceAll('_', '-'));
  if (text === undefined) throw new DecodeError(`The body is not valid ${printable(contentEncoding)} text.`);
  return text;
}

/** Reads UTF-8; undefined when the bytes are not. */
export function decodeUtf8(body: Buffer): string | undefined {
  const text = body.toString('utf8');
  // Invalid bytes always leave a U+FFFD behind: without one there is nothing to check.
  return text.includes('\uFFFD') && !isUtf8(body) ? undefined : text;
}

/** @throws EncodeError for a lone surrogate, which UTF-8 cannot hold. */
export function encodeUtf8(text: string): Buffer {
  // In Node 20, but not in the es2023 library types.
  if (!(text as string & { isWellFormed(): boolean }).isWellFormed()) {
    throw new EncodeError('Cannot write the text as UTF-8: it has a lone surrogate, half of a character.');
  }
  return Buffer.from(text, 'utf8');
}

function decodeCharset(body: Buffer, charset: string): string | undefined {
  switch (charset) {
    case 'utf-8':
    case 'utf8':
      return decodeUtf8(body);
    case 'ascii':
    case 'us-ascii':
      return isAscii(body) ? body.toString('latin1') : undefined;
    // TextDecoder takes these names for windows-1252.
    case 'latin1':
    case 'latin-1':
    case 'iso-8859-1':
    case 'iso8859-1':
      return body.toString('latin1');
    // Some versions of Node take windows-1252 for latin1 (nodejs/node#56542).
    case 'cp1252':
    case 'windows-1252':
      return body.toString('latin1').replaceAll(/[\x80-\x9f]/g, (c) => windows1252[c.charCodeAt(0) - 0x80] ?? c);
    case 'utf-16':
      return decodeWith(body, body[0] === 0xfe && body[1] === 0xff ? 'utf-16be' : 'utf-16le', false);
    default:
      return decodeWith(body, charset.replace(/^utf-16-(?=[lb]e$)/, 'utf-16'), true);
  }
}

function decodeWith(body: Buffer, charset: string, ignoreBOM: boolean): string | undefined {
  let decoder;
  try {
    decoder = new TextDecoder(charset, { fatal: true, ignoreBOM });
  } catch (cause) {
    throw new DecodeError(
      `Cannot decode the body: unknown character set ${printable(charset)} as content encoding. The sender should say utf-8, or binary for bytes.`,
      { cause },
    );
  }
  try {
    return decoder.decode(body);
  } catch {
    return undefined;
  }
}

/** A name from a header, fit for a message. */
const printable = (name: string): string => JSON.stringify(name.slice(0, 40));
