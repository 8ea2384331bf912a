import { createContext, Script } from 'node:vm';
import type { KombuError } from '../errors.ts';
import { InvalidArgumentError } from '../errors.ts';
import { globExpression } from './glob.ts';

/** Does the text match the pattern? */
export type Matcher = (text: string, pattern: string) => boolean;

/** A pattern of a stranger may take for ever; this is what it gets, in milliseconds. */
const patternTimeoutMs = 100;
const longestPattern = 10_000;

/**
 * Ways to match the name of a node against a pattern, by name. As `kombu.matcher`: `glob` (shell patterns) and `pcre` (a
 * regular expression, from the start of the text) are there from the beginning.
 */
export class MatcherRegistry {
  readonly #matchers = new Map<string, Matcher>([
    ['glob', (text, pattern) => runExpression(globExpression(pattern), text)],
    ['pcre', (text, pattern) => runExpression(`^(?:${pattern})`, text)],
  ]);

  register(name: string, matcher: Matcher): void {
    this.#matchers.set(name, matcher);
  }

  /** @throws InvalidArgumentError when there is none of that name. */
  unregister(name: string): void {
    if (!this.#matchers.delete(name)) throw this.#unknown(name);
  }

  /**
   * @param matcher Default `glob`.
   * @throws InvalidArgumentError for an unknown matcher, a pattern that cannot be read, and one that takes too long.
   */
  match(text: string, pattern: string, matcher = 'glob'): boolean {
    const match = this.#matchers.get(matcher);
    if (!match) throw this.#unknown(matcher);
    if (pattern.length > longestPattern) {
      throw new InvalidArgumentError(
        `A pattern of ${pattern.length} characters is too long: ${longestPattern} at most`,
      );
    }
    return match(text, pattern);
  }

  #unknown(name: string): KombuError {
    const known = [...this.#matchers.keys()].map((each) => JSON.stringify(each)).join(', ');
    return new InvalidArgumentError(`No matcher is registered as ${JSON.stringify(name)}: there are ${known}`);
  }
}

/** The matchers that mailboxes use unless they are given others. */
export const matchers: MatcherRegistry = new MatcherRegistry();

/** In a context of its own, because only there a timeout stops an expression that backtracks without end. */
const test = new Script('new RegExp(expression).test(text)');

function runExpression(expression: string, text: string): boolean {
  const context = createContext(Object.assign(Object.create(null) as object, { expression, text }));
  try {
    return test.runInContext(context, { timeout: patternTimeoutMs }) === true;
  } catch (cause) {
    throw new InvalidArgumentError(
      'A pattern for the names of nodes cannot be used: it is no regular expression, or matching it takes too long',
      { cause },
    );
  }
}
