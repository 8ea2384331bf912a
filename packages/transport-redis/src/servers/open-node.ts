import type { Address } from './dial.ts';
import { inspect } from './inspect.ts';
import { RedisNode, type NodeParts } from './node.ts';

/** Connects to a server and looks whether it is one to work with. Leaves nothing open when it rejects or the signal fires. */
export async function openNode(
  address: Address,
  isCluster: boolean,
  parts: NodeParts,
  signal: AbortSignal,
): Promise<RedisNode> {
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
    throw error;
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}
