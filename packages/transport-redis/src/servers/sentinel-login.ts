import { InvalidArgumentError, checkKeys, readBoolean, readText } from '@kombu/core/spi';

/** Who the sentinels are told we are. */
export interface SentinelLogin {
  readonly username?: string;
  readonly password?: string;
  /** TLS with them too, with the options of the master. Default false, as in Kombu. */
  readonly ssl?: boolean;
}

/**
 * Reads `sentinelKwargs`.
 *
 * @throws InvalidArgumentError for anything else than `{ username, password, ssl }`.
 */
export function readSentinelKwargs(value: unknown): SentinelLogin {
  if (typeof value !== 'object' || value === null) {
    throw new InvalidArgumentError('sentinelKwargs must be an object such as { password }');
  }
  checkKeys(value, ['username', 'password', 'ssl'], 'option in sentinelKwargs');
  const { username, password, ssl } = value as Readonly<Record<string, unknown>>;
  return {
    ...(username === undefined ? {} : { username: readText(username, 'sentinelKwargs.username') }),
    ...(password === undefined ? {} : { password: readText(password, 'sentinelKwargs.password') }),
    ...(ssl === undefined ? {} : { ssl: readBoolean(ssl, 'sentinelKwargs.ssl') }),
  };
}
