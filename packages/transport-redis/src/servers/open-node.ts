import type { Address } from './dial.ts';
import { inspect } from './inspect.ts';
import { RedisNode, type NodeParts } from './node.ts';
import { isReplyError } from './reply-error.ts';
import { withinTime } from './time-limit.ts';

/**
 * Connects to a server and looks whether it is one to work with, all within the time to connect. Leaves nothing open when it
 * rejects or the signal fires.
 */
export function openNode(
  address: Address,
  isCluster: boolean,
  parts: NodeParts,
  signal: AbortSignal,
): Promise<RedisNode> {
  const { clock, settings } = parts;
  return withinTime(settings.connectTimeout, clock, signal, (limited) => open(address, isCluster, parts, limited));
}

async function open(address: Address, isCluster: boolean, parts: NodeParts, signal: AbortSignal): Promise<RedisNode> {
  const node = await RedisNode.connect(address, parts, signal);
  const giveUp = (): void => void node.close();
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    await node.begin();
    await inspect(node, isCluster, parts.settings.logger);
    signal.throwIfAborted();
    return node;
  } catch (error) {
    await node.close();
    signal.throwIfAborted();
    // What the socket suffered tells more than that it cannot be used.
    throw isReplyError(error) ? error : ((await node.closed) ?? error);
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}
