import { InvalidArgumentError } from '@kombu/core/spi';

/** What a short string of AMQP has room for. */
export const maxShortBytes = 255;

/**
 * Checks a text that is to travel as a short string. `name` says in the error what it was.
 *
 * @throws InvalidArgumentError
 */
export function checkShortText(text: string, name: string): void {
  const bytes = Buffer.byteLength(text);
  if (bytes > maxShortBytes) {
    throw new InvalidArgumentError(
      `${name} may have ${maxShortBytes} bytes at most, not ${bytes}: AMQP has no room for more`,
    );
  }
  // It would arrive as another text, and a name as another name.
  if (/\p{Surrogate}/u.test(text)) {
    throw new InvalidArgumentError(`${name} is no text: it holds half of a surrogate pair, which UTF-8 cannot carry`);
  }
}
