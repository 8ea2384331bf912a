import { isUtf8 } from 'node:buffer';
import { DecodeError } from '@kombu/core';

const utf16 = [
  { mark: [0xff, 0xfe], charset: 'utf-16le' },
  { mark: [0xfe, 0xff], charset: 'utf-16be' },
] as const;

/** Everything but what PyYAML takes for printable. */
const unprintable = /[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;

/**
 * The text of a body. As for PyYAML it is UTF-8, or UTF-16 if it begins with a byte order mark, whatever the content
 * encoding says.
 *
 * @throws DecodeError when it is not, or has characters that YAML does not allow.
 */
export function textOf(body: Buffer): string {
  const charset = utf16.find(({ mark }) => body[0] === mark[0] && body[1] === mark[1])?.charset ?? 'utf-8';
  const text = charset === 'utf-8' ? decodeUtf8(body) : decodeUtf16(body, charset);
  if (text === undefined) throw new DecodeError(`Cannot read the YAML: the body is not valid ${charset}.`);
  const found = unprintable.exec(text);
  if (found) {
    const code = found[0].codePointAt(0)?.toString(16).padStart(4, '0');
    throw new DecodeError(`Cannot read the YAML: the character U+${code} at ${found.index} is not allowed.`);
  }
  // A line break in YAML 1.1, but not in 1.2, which the parser speaks.
  return text.replaceAll('\x85', '\n');
}

function decodeUtf8(body: Buffer): string | undefined {
  return isUtf8(body) ? body.toString('utf8') : undefined;
}

function decodeUtf16(body: Buffer, charset: string): string | undefined {
  try {
    return new TextDecoder(charset, { fatal: true }).decode(body);
  } catch {
    return undefined;
  }
}
