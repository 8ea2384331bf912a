import { PreconditionFailedError } from '../errors.ts';
import type { Arguments } from '../spi/declarations.ts';
import type { Headers } from '../spi/envelope.ts';
import { canonicalText, sameValue } from './canonical-text.ts';

/** One header that a binding asks for. `value` undefined or null: it only has to be there. */
export interface HeaderCondition {
  readonly key: string;
  readonly value: unknown;
}

/** The arguments of a binding to a headers exchange, read once. */
export interface HeadersPattern {
  /** One condition that holds is enough. */
  readonly any: boolean;
  readonly conditions: readonly HeaderCondition[];
}

const modes: readonly unknown[] = ['all', 'any', 'all-with-x', 'any-with-x'];

/** Refuses an `x-match` that nobody knows, as RabbitMQ does when a queue is bound. Absent means `all`. */
export function assertHeadersArguments(args: Arguments): void {
  const mode = args['x-match'];
  if (mode === undefined || modes.includes(mode)) return;
  throw new PreconditionFailedError(
    `The binding argument x-match is ${canonicalText(mode)}: use one of ${modes.join(', ')}.`,
  );
}

/** Reads binding arguments. An unknown `x-match`, which only a foreign process can have stored, counts as `all`. */
export function headersPattern(args: Arguments): HeadersPattern {
  const mode = args['x-match'];
  const withX = mode === 'all-with-x' || mode === 'any-with-x';
  const conditions: HeaderCondition[] = [];
  for (const [key, value] of Object.entries(args)) {
    if (key === 'x-match' || (!withX && key.startsWith('x-'))) continue;
    conditions.push({ key, value });
  }
  return { any: mode === 'any' || mode === 'any-with-x', conditions };
}

/** Does a message with these headers go along a binding with this pattern? */
export function patternMatches(pattern: HeadersPattern, headers: Headers): boolean {
  const { any, conditions } = pattern;
  for (const condition of conditions) if (holds(condition, headers) === any) return any;
  return !any;
}

/**
 * Does a binding of a headers exchange match these headers? As in RabbitMQ: `x-match` is `all` (default), `any`, `all-with-x`
 * or `any-with-x`; arguments that start with `x-` count only with the latter two; without any condition, `all` matches every
 * message and `any` none. Header values are compared in depth; a header that is undefined is not there.
 *
 * @throws LimitExceededError when a compared value is nested too deep.
 */
export function headersMatch(args: Arguments, headers: Headers): boolean {
  return patternMatches(headersPattern(args), headers);
}

function holds({ key, value }: HeaderCondition, headers: Headers): boolean {
  // A header may be called `constructor`: only own properties are headers.
  if (!Object.hasOwn(headers, key) || headers[key] === undefined) return false;
  return value === undefined || value === null || sameValue(value, headers[key]);
}
