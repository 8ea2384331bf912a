import type { ConnectionHost } from './connection-host.ts';
import type { ConsumerHealth } from './host.ts';
import type { ConnectionState } from './link-status.ts';

/** Whether a connection does what it should; see `connection.health()`. */
export interface ConnectionHealth {
  /** Connected, and each consumer is subscribed and has heard of the broker lately. */
  readonly healthy: boolean;
  readonly state: ConnectionState;
  readonly blocked: boolean;
  readonly consumers: readonly ConsumerHealth[];
  /** Why there is no link; undefined while there is one. */
  readonly lastError: Error | undefined;
}

/** A consumer whose last sign of life is older than this is not well, in milliseconds. */
const readIsStaleAfter = 60_000;

export function connectionHealth(host: ConnectionHost): ConnectionHealth {
  const consumers = [...host.consumers].flatMap((consumer) => consumer.health());
  const stale = host.clock.now() - readIsStaleAfter;
  const { state } = host.supervisor.status;
  return {
    healthy: state === 'ready' && consumers.every((consumer) => isWell(consumer, stale)),
    state,
    blocked: host.blocked !== undefined,
    consumers,
    lastError: host.lastError,
  };
}

function isWell({ phase, lastReadAt }: ConsumerHealth, stale: number): boolean {
  if (phase === 'cancelled') return true;
  return phase === 'consuming' && (lastReadAt === undefined || lastReadAt >= stale);
}
