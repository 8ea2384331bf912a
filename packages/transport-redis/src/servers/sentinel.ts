import { ConnectionError, InvalidArgumentError } from '@kombu/core/spi';
import type { RedisOptions } from '../options.ts';
import { nameOf, type HostAddress } from './addresses.ts';
import { dial, type DialSettings } from './dial.ts';
import type { NodeParts } from './node.ts';
import { messageOf } from './reply-error.ts';
import { SingleServer } from './single-server.ts';

/** One that does not answer must not keep us from the next, in milliseconds. */
const patienceMs = 2000;

/** Connects to the master that sentinels name: the first one that says itself that it is the master. */
export async function openMaster(
  sentinels: readonly HostAddress[],
  parts: NodeParts,
  signal: AbortSignal,
): Promise<SingleServer> {
  const { masterName } = parts.options;
  if (masterName === undefined) {
    throw new InvalidArgumentError('A sentinel:// URL needs the option masterName: what the sentinels call the master');
  }
  const settings = sentinelSettings(parts);
  const reasons: string[] = [];
  for (const sentinel of sentinels) {
    try {
      const master = await askForMaster(sentinel, masterName, parts.options, settings, signal);
      const guard = new FailoverGuard(sentinel, masterName, settings);
      return await SingleServer.open(master, parts, signal, guard);
    } catch (error) {
      signal.throwIfAborted();
      reasons.push(`${nameOf(sentinel)}: ${messageOf(error)}`);
    }
  }
  throw new ConnectionError(
    `No sentinel led to a master called ${JSON.stringify(masterName)} (${reasons.join('; ')})`,
    {
      code: 'CONNECTION_FAILED',
    },
  );
}

/** The sentinels have credentials of their own. */
function sentinelSettings({ settings, options }: NodeParts): DialSettings {
  const { username, password, ssl = false } = options.sentinelKwargs;
  return {
    ...settings,
    username,
    password,
    database: 0,
    tls: ssl ? (settings.tls ?? {}) : undefined,
    connectTimeout: Math.min(settings.connectTimeout, patienceMs),
  };
}

async function askForMaster(
  sentinel: HostAddress,
  masterName: string,
  { minOtherSentinels }: RedisOptions,
  settings: DialSettings,
  signal: AbortSignal,
): Promise<HostAddress> {
  const patience = AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]);
  const { client } = await dial(sentinel, settings, patience);
  const giveUp = (): void => client.disconnect();
  patience.addEventListener('abort', giveUp);
  try {
    const reply = (await client.call('SENTINEL', ['MASTER', masterName])) as readonly string[];
    const field = (name: string): string => reply[reply.indexOf(name) + 1] ?? '';
    const others = Number(field('num-other-sentinels'));
    if (others < minOtherSentinels)
      throw new Error(`it knows ${others} other sentinels, minOtherSentinels is ${minOtherSentinels}`);
    return { host: field('ip'), port: Number(field('port')) };
  } finally {
    patience.removeEventListener('abort', giveUp);
    client.disconnect();
  }
}

/** Listens at the sentinel that led us here, and says when another server becomes the master. */
export class FailoverGuard {
  readonly #sentinel: HostAddress;
  readonly #masterName: string;
  readonly #settings: DialSettings;

  constructor(sentinel: HostAddress, masterName: string, settings: DialSettings) {
    this.#sentinel = sentinel;
    this.#masterName = masterName;
    this.#settings = settings;
  }

  /** Until the signal fires. That the sentinel cannot be heard is no reason to give up the master. */
  async watch(failed: (error: Error) => void, signal: AbortSignal): Promise<void> {
    try {
      const { client } = await dial(this.#sentinel, this.#settings, signal);
      signal.addEventListener('abort', () => client.disconnect(), { once: true });
      client.on('messageBuffer', (_channel, message) => {
        const [name, ...change] = String(message).split(' ');
        if (name !== this.#masterName) return;
        failed(new ConnectionError(`The sentinels have made another server the master (${change.join(' ')})`));
      });
      await client.call('subscribe', ['+switch-master']);
    } catch (error) {
      if (!signal.aborted) this.#settings.logger.debug('The sentinel cannot be listened to', { error });
    }
  }
}
