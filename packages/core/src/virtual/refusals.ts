import type { KombuError } from '../errors.ts';
import { InvalidArgumentError, UnsupportedError } from '../errors.ts';
import type { Capabilities } from '../spi/capabilities.ts';
import type { ConsumeOptions } from '../spi/declarations.ts';
import type { MessageProperties } from '../spi/envelope.ts';

/** Why a publish with these properties and this delay can never work; undefined when it can. */
export function publishRefusal(
  { priority = 0, expiration }: MessageProperties,
  delay: number,
  capabilities: Capabilities,
): KombuError | undefined {
  if (!isInteger(priority) || priority > 9) {
    return new InvalidArgumentError(`A priority is an integer from 0 to 9, higher first; not ${String(priority)}`);
  }
  if (priority > 0 && !capabilities.priority) {
    return new UnsupportedError('This transport has no priorities: publish with priority 0');
  }
  if (expiration !== undefined && !isInteger(expiration)) {
    return new InvalidArgumentError(`An expiration is an integer of milliseconds from 0 on, not ${String(expiration)}`);
  }
  return delayRefusal(delay, capabilities);
}

/** Why a message cannot be hidden for so long; undefined when it can. */
export function delayRefusal(delay: number, { delay: supported, maxDelayMs }: Capabilities): KombuError | undefined {
  if (delay === 0) return undefined;
  if (!isInteger(delay)) {
    return new InvalidArgumentError(`A delay is an integer of milliseconds from 0 on, not ${String(delay)}`);
  }
  if (!supported) return new UnsupportedError('This transport cannot delay messages');
  if (maxDelayMs !== undefined && delay > maxDelayMs) {
    return new UnsupportedError(`This transport delays a message by ${maxDelayMs} ms at most, not by ${delay} ms`);
  }
  return undefined;
}

/** Arguments of a consumer that change what it gets; the others are hints about how a broker serves it. */
const refusedArguments = ['x-priority', 'x-stream-offset'];

/** @throws InvalidArgumentError or UnsupportedError for what no consumer can have here. */
export function assertConsumable({ consumerTag, prefetch, arguments: args }: ConsumeOptions): void {
  assertPrefetch(prefetch);
  const refused = refusedArguments.find((key) => args[key] !== undefined && args[key] !== null);
  if (refused === undefined) return;
  throw new UnsupportedError(
    `The consumer ${JSON.stringify(consumerTag)} cannot have the argument ${refused} on this transport: remove it`,
  );
}

/** @throws InvalidArgumentError */
export function assertPrefetch(prefetch: number): void {
  if (isInteger(prefetch)) return;
  throw new InvalidArgumentError(`A prefetch is an integer from 0 on, 0 for no limit; not ${String(prefetch)}`);
}

function isInteger(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
