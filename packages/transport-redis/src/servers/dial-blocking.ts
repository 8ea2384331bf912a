import { dial, type Address } from './dial.ts';
import type { NodeParts } from './node.ts';
import { withoutArguments } from './reply-error.ts';
import type { BlockingConnection } from './servers.ts';
import { withinTime } from './time-limit.ts';

/** Another connection to a server, for commands that block. */
export async function dialBlocking(
  address: Address,
  { clock, settings }: NodeParts,
  signal: AbortSignal,
): Promise<BlockingConnection> {
  const { client } = await withinTime(settings.connectTimeout, clock, signal, (limited) =>
    dial(address, settings, limited),
  );
  return {
    call: (command, args) =>
      client.call(command, args).catch((error: unknown) => Promise.reject(withoutArguments(error))),
    close: () => client.disconnect(),
  };
}
