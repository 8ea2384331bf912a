import type { Target } from '@kombu/core/spi';
import { InvalidArgumentError, UnsupportedError, checkKeys, readChoice, readInteger } from '@kombu/core/spi';

const defaults = {
  /**
   * How long the server waits for a sign of life before it gives the messages of this process to others, in milliseconds. The
   * server may grant less or more: by default it has bounds of 4 and 40 seconds. Default three times the connection's
   * `heartbeat`, or 30 000.
   */
  sessionTimeout: undefined as number | undefined,
  /** How long one server may take to accept a session before the next one is tried, in milliseconds. Default 3000. */
  hostTimeout: 3000,
  /**
   * Who may use the nodes that this process makes: everybody (`open`), or those with the same user and password (`creator`).
   * Default `creator` when the URL has a user, else `open`.
   */
  acl: undefined as 'open' | 'creator' | undefined,
};

/** What `transportOptions` of a connection may hold. */
export type ZooKeeperTransportOptions = Readonly<Partial<typeof defaults>>;

/** The options as they are in force. */
export interface ZooKeeperOptions {
  readonly sessionTimeout: number;
  readonly hostTimeout: number;
  readonly acl: 'open' | 'creator';
}

/**
 * Of the URL's query and of `transportOptions`.
 *
 * @throws InvalidArgumentError for an unknown option or a value of the wrong kind, UnsupportedError for TLS.
 */
export function readOptions({ options, query, userid, ssl, heartbeat = 0 }: Target): ZooKeeperOptions {
  const given = { ...defaults, ...options, ...query };
  checkKeys(given, Object.keys(defaults), 'option of the zookeeper transport');
  if (ssl) throw new UnsupportedError('node-zookeeper-client cannot do TLS: leave out ssl, or use a tunnel');
  const sessionTimeout = given.sessionTimeout ?? (heartbeat * 3 || 30_000);
  const acl = readChoice(given.acl ?? (userid === undefined ? 'open' : 'creator'), 'acl', ['open', 'creator']);
  if (acl === 'creator' && userid === undefined) {
    throw new InvalidArgumentError('acl is creator, but the URL has no user and password that could be the creator');
  }
  return {
    sessionTimeout: readInteger(sessionTimeout, 'sessionTimeout', { min: 1, max: 3_600_000 }),
    hostTimeout: readInteger(given.hostTimeout, 'hostTimeout', { min: 1 }),
    acl,
  };
}
