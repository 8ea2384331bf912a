import { inspect } from 'node:util';
import { PreconditionFailedError } from '../errors.ts';
import { sameValue } from '../routing/canonical-text.ts';
import type { Arguments, ExchangeDeclaration, QueueDeclaration } from '../spi/declarations.ts';

/** @throws PreconditionFailedError when the exchange exists with other properties. */
export function assertSameExchange(known: ExchangeDeclaration, wanted: ExchangeDeclaration): void {
  const entity = `exchange ${JSON.stringify(known.name)}`;
  assertSame(entity, 'type', known.type, wanted.type);
  assertSame(entity, 'durable', known.durable, wanted.durable);
  assertSame(entity, 'autoDelete', known.autoDelete, wanted.autoDelete);
  assertSameArguments(entity, known.arguments, wanted.arguments);
}

/** @throws PreconditionFailedError when the queue exists with other properties. */
export function assertSameQueue(known: QueueDeclaration, wanted: QueueDeclaration): void {
  const entity = `queue ${JSON.stringify(known.name)}`;
  assertSame(entity, 'durable', known.durable, wanted.durable);
  assertSame(entity, 'exclusive', known.exclusive, wanted.exclusive);
  assertSame(entity, 'autoDelete', known.autoDelete, wanted.autoDelete);
  assertSameArguments(entity, known.arguments, wanted.arguments);
}

function assertSameArguments(entity: string, known: Arguments, wanted: Arguments): void {
  for (const key of new Set([...Object.keys(known), ...Object.keys(wanted)])) {
    assertSame(entity, key, known[key] ?? undefined, wanted[key] ?? undefined);
  }
}

function assertSame(entity: string, argument: string, known: unknown, wanted: unknown): void {
  if (sameValue(known, wanted)) return;
  throw new PreconditionFailedError(
    `The ${entity} exists with ${argument} ${show(known)}, and was declared with ${show(wanted)}. Declare it as it is, or delete it first.`,
  );
}

function show(value: unknown): string {
  return value === undefined ? 'not set' : inspect(value, { depth: 2 });
}
