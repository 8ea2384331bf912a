import { InvalidArgumentError } from '../errors.ts';

/**
 * Percent-encodes everything but letters, digits and `-._~`. A lone surrogate has no UTF-8 and stays as it is, so that
 * every JavaScript string survives `decode(encode(text))`.
 */
export function encode(text: string): string {
  return text.replace(/[^\w.~\ud800-\udfff-]/gu, (character) => {
    const encoded = encodeURIComponent(character);
    return encoded === character ? `%${character.charCodeAt(0).toString(16).toUpperCase()}` : encoded;
  });
}

/**
 * Undoes percent-encoding. A `%` without two hex digits behind it stands for itself. `+` is a plus sign: only forms
 * write blanks that way, and secrets are full of plus signs.
 *
 * @throws InvalidArgumentError, without the text, when the bytes are not UTF-8.
 */
export function decode(text: string): string {
  return text.replace(/(?:%[\da-f]{2})+/gi, (bytes) => {
    try {
      return decodeURIComponent(bytes);
    } catch {
      // The cause would add nothing but a second message; it is the text itself that must not get out.
      throw new InvalidArgumentError('the percent-encoding is not UTF-8; write a literal % as %25');
    }
  });
}
