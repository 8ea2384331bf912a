import { InvalidArgumentError } from '../errors.ts';

/** Throws InvalidArgumentError unless `value` is an integer of at least `minimum`; `Infinity` passes. */
export function checkCount(name: string, value: number, minimum: number): void {
  if (value === Infinity) return;
  if (!Number.isSafeInteger(value) || value < minimum) {
    throw new InvalidArgumentError(`${name} must be an integer of at least ${minimum}, not ${String(value)}`);
  }
}
