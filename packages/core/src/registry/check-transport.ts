import { InvalidArgumentError } from '../errors.ts';
import type { Transport } from '../spi/transport.ts';

/**
 * Checks the shape of a transport where it enters, so that a wrong object is named there and not by a TypeError in the
 * middle of a connection attempt.
 *
 * @param source - where the value came from, for the message.
 * @throws InvalidArgumentError saying what is missing.
 */
export function checkTransport(value: unknown, source: string): asserts value is Transport {
  const problem = problemOf(value);
  if (problem !== undefined) throw new InvalidArgumentError(`${source} is not a transport: ${problem}`);
}

function problemOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return `it is ${value === null ? 'null' : typeof value}`;
  const { name, schemes, capabilities, connect, classify } = value as Partial<Record<keyof Transport, unknown>>;
  if (typeof name !== 'string' || name === '') return 'its "name" is not a string';
  if (!Array.isArray(schemes) || schemes.length === 0) return 'its "schemes" is not a list of URL schemes';
  const bad: unknown = schemes.find((scheme) => typeof scheme !== 'string' || !/^[a-z][a-z\d+.-]*$/i.test(scheme));
  if (bad !== undefined) return `${JSON.stringify(bad)} in its "schemes" is not a URL scheme (written without ":")`;
  if (typeof capabilities !== 'object' || capabilities === null) return 'its "capabilities" is not an object';
  if (typeof connect !== 'function') return 'its "connect" is not a function';
  if (typeof classify !== 'function') return 'its "classify" is not a function';
  return undefined;
}
