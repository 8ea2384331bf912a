import type { KombuError } from '../errors.ts';
import { InvalidArgumentError, UnsupportedError } from '../errors.ts';
import type { Capabilities } from '../spi/capabilities.ts';
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

function isInteger(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
