import type { Connection } from '../client/connection.ts';
import { canonicalText } from '../routing/canonical-text.ts';

const identities = new WeakMap<object, number>();
let count = 0;

/** Equal for connections to the same place with the same rights. Holds secrets. */
export function settingsKey(connection: Connection): string {
  const { urls, given } = connection.internals.options;
  const { transport, hostname, port, userid, password, virtualHost, ssl, transportOptions } = given;
  return canonicalText([
    [...urls],
    identityOf(transport),
    hostname,
    port,
    userid,
    typeof password === 'function' ? identityOf(password) : password,
    virtualHost,
    ssl,
    transportOptions,
  ]);
}

/** A number for each object: it equals only itself. */
function identityOf(value: object | undefined): number | undefined {
  if (value === undefined) return undefined;
  let identity = identities.get(value);
  if (identity === undefined) identities.set(value, (identity = count += 1));
  return identity;
}
