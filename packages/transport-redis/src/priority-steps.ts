import { InvalidArgumentError, readInteger } from '@kombu/core/spi';

/**
 * Reads `prioritySteps`: a list, or numbers with commas between in a URL. Ascending, from 0 on, of 0 to 9.
 *
 * @throws InvalidArgumentError otherwise.
 */
export function readPrioritySteps(value: unknown): readonly number[] {
  const list: unknown = typeof value === 'string' ? value.split(',') : value;
  if (!Array.isArray(list))
    throw new InvalidArgumentError('prioritySteps must be a list of numbers, such as [0, 3, 6, 9]');
  const steps = list.map((step: unknown) => readInteger(step, 'prioritySteps', { min: 0, max: 9 }));
  const ascends = steps.every((step, index) => index === 0 || step > (steps[index - 1] as number));
  if (steps[0] === 0 && ascends) return steps;
  throw new InvalidArgumentError('prioritySteps must begin with 0 and ascend, such as [0, 3, 6, 9]');
}

/** The step that a priority belongs to: the highest one that is not above it. */
export function stepOf(priority: number, steps: readonly number[]): number {
  return steps.findLast((step) => step <= priority) ?? 0;
}
