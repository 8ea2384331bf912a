import { InvalidArgumentError, UnsupportedError, type Logger } from '@kombu/core/spi';
import type { RedisNode } from './node.ts';
import { messageOf } from './reply-error.ts';

/** The oldest Redis that has all commands the scripts use. */
const oldest = [6, 2] as const;

/**
 * Looks whether this is a server to work with, and warns of settings that lose messages. A user who may not ask is believed.
 *
 * @throws UnsupportedError for a Redis that is too old; InvalidArgumentError for a member of a cluster where none was expected,
 * and the other way round. Throws an error as Redis itself would, when it is a replica or not ready yet.
 */
export async function inspect(node: RedisNode, isCluster: boolean, logger: Logger): Promise<void> {
  const info = await read(node, logger);
  const version = info.get('redis_version') ?? '';
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (version !== '' && (major < oldest[0] || (major === oldest[0] && minor < oldest[1]))) {
    throw new UnsupportedError(`This is Redis ${version}: the transport needs ${oldest.join('.')} or newer`);
  }
  if (info.get('loading') === '1') throw serverError('LOADING Redis is loading the dataset in memory');
  if (info.get('role') === 'slave') throw serverError('READONLY This server is a replica: it cannot be written to');
  assertForm(info.get('cluster_enabled'), isCluster);
  const policy = info.get('maxmemory_policy') ?? 'noeviction';
  if (policy !== 'noeviction' && info.get('maxmemory') !== '0') {
    logger.warn(
      `Redis may drop messages and bindings when its memory is full: set maxmemory-policy to noeviction instead of ${policy}`,
    );
  }
}

function assertForm(enabled: string | undefined, isCluster: boolean): void {
  if (enabled === undefined || (enabled === '1') === isCluster) return;
  throw new InvalidArgumentError(
    isCluster
      ? 'This Redis is no member of a cluster: write redis:// instead of redis-cluster://'
      : 'This Redis is a member of a cluster: write redis-cluster:// instead of redis://',
  );
}

async function read(node: RedisNode, logger: Logger): Promise<ReadonlyMap<string, string>> {
  try {
    const text = String(await node.call('INFO', []));
    return new Map(
      text.split('\r\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]),
    );
  } catch (error) {
    if (!messageOf(error).startsWith('NOPERM')) throw error;
    logger.debug('Redis was not asked about itself: this user may not', { error });
    return new Map();
  }
}

function serverError(message: string): Error {
  return Object.assign(new Error(message), { name: 'ReplyError' });
}
