import { UnsupportedError } from '../errors.ts';
import type { Capabilities } from '../spi/capabilities.ts';
import type { Route } from '../spi/envelope.ts';

/** Throws UnsupportedError for a delay that this transport would ignore. */
export function checkDelay({ delay }: Route, capabilities: Capabilities | undefined): void {
  if (delay === undefined || !capabilities || capabilities.delay) return;
  throw new UnsupportedError('This transport cannot delay messages: publish without `delay`');
}
