import * as fc from 'fast-check';
import type { Arguments, BindingDeclaration } from '../../src/spi/declarations.ts';
import type { Headers } from '../../src/spi/envelope.ts';

const literals = ['a', 'b', '', 'é', '😀', 'a*', '#b', '__proto__'];

const joined = (words: readonly string[], weightOfWildcards: number, maxLength: number): fc.Arbitrary<string> =>
  fc
    .array(
      fc.oneof(
        { weight: 3, arbitrary: fc.constantFrom(...words) },
        { weight: weightOfWildcards, arbitrary: fc.constantFrom('*', '#') },
      ),
      { maxLength },
    )
    .map((list) => list.join('.'));

/** Few distinct words, so that patterns and keys meet often. */
export const pattern: fc.Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: joined(literals, 3, 6) },
  { weight: 1, arbitrary: joined(['a'], 12, 9) },
);
export const routingKey: fc.Arbitrary<string> = joined(literals, 0, 6);

const headerValue = fc.constantFrom<string | number>('pdf', 'zip', 1, 2);

export const headers: fc.Arbitrary<Headers> = fc.dictionary(fc.constantFrom('format', 'size', 'x-y'), headerValue, {
  maxKeys: 3,
});

export const bindingArguments: fc.Arbitrary<Arguments> = fc
  .tuple(
    fc.dictionary(fc.constantFrom('format', 'size', 'x-y'), fc.oneof(headerValue, fc.constant(null)), { maxKeys: 3 }),
    fc.constantFrom(undefined, 'all', 'any', 'all-with-x', 'any-with-x'),
  )
  .map(([args, mode]) => (mode === undefined ? args : { ...args, 'x-match': mode }));

const queues = ['q1', 'q2', 'q3', '__proto__', 'constructor'];

/** A binding of one of the given exchanges to one of a few queues or to one of the given exchanges. */
export function binding(exchanges: readonly string[]): fc.Arbitrary<BindingDeclaration> {
  const end = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...queues).map((name) => ['queue', name] as const) },
    { weight: 2, arbitrary: fc.constantFrom(...exchanges).map((name) => ['exchange', name] as const) },
  );
  return fc
    .tuple(fc.constantFrom(...exchanges), end, pattern, bindingArguments)
    .map(([exchange, [destinationType, destination], key, args]) => ({
      exchange,
      destination,
      destinationType,
      routingKey: key,
      arguments: args,
    }));
}
