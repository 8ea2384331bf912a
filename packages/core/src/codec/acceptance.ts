import { ContentDisallowedError } from '../errors.ts';
import { pickle } from './absent-serializers.ts';
import type { CodecLimits } from './limits.ts';

/** How a registry decides what it may decode. */
export interface LoadOptions {
  /** Content types, as `acceptedTypes()` makes them: these and raw data only. Absent: whatever is enabled. */
  readonly accept?: ReadonlySet<string> | undefined;
  /** Decode disabled types, too. Without effect where `accept` is given. */
  readonly force?: boolean | undefined;
  readonly limits?: CodecLimits | undefined;
}

/** Bytes that are not interpreted can do no harm: these pass every accept list, as in Kombu. */
const trusted: ReadonlySet<string> = new Set(['application/data', 'application/text']);

/** May a body of this type be decoded? With an accept list only the list counts, without one only what is disabled. */
export function isAccepted(type: string, disabled: ReadonlySet<string>, { accept, force }: LoadOptions): boolean {
  if (accept) return accept.has(type) || trusted.has(type);
  return force === true || !disabled.has(type);
}

/** The error for a type that is not accepted. */
export function disallowed(type: string, name: string | undefined, accept?: ReadonlySet<string>): Error {
  if (type === pickle.contentType) return pickle.refuse();
  const label = name === undefined ? JSON.stringify(type.slice(0, 80)) : `${name} (${type})`;
  return new ContentDisallowedError(
    accept
      ? `Refusing to decode ${label}: this consumer accepts only ${[...accept].join(', ') || 'raw data'}. Add it to accept if the sender is trusted.`
      : `Refusing to decode ${label}: the type is disabled. Name it in the consumer's accept, or serializers.enable() it.`,
  );
}
