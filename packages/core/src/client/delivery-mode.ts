import { InvalidArgumentError } from '../errors.ts';

/** 1 and `transient`: may be lost when the broker restarts; 2 and `persistent`: kept by durable queues (AMQP 0-9-1). */
export type DeliveryMode = 1 | 2 | 'transient' | 'persistent';

/** Reads a delivery mode in either spelling. Throws InvalidArgumentError. */
export function deliveryModeNumber(mode: DeliveryMode): 1 | 2 {
  if (mode === 1 || mode === 'transient') return 1;
  if (mode === 2 || mode === 'persistent') return 2;
  throw new InvalidArgumentError(`deliveryMode must be 1, 2, 'transient' or 'persistent', not ${String(mode)}`);
}
