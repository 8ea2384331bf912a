import type { Found, Server, ServiceName } from '@kombu/services';
import { findService } from '@kombu/services';
import { AbsentError } from './contender.ts';

export type BrokerName = Extract<ServiceName, 'amqp' | 'redis'>;

/** Looked for once: where a broker cannot be had, finding that out takes a while. */
const known = new Map<BrokerName, Promise<Found<Server>>>();

/**
 * The URL of a broker: the one that `KOMBU_URL`, `KOMBU_TEST_AMQP_URL` or `KOMBU_TEST_REDIS_URL` names, or one that is
 * started for the purpose. Rejects with AbsentError where there is none to be had.
 */
export async function brokerUrl(name: BrokerName): Promise<string> {
  const { KOMBU_URL: given } = process.env;
  if (given?.startsWith(`${name}:`)) return given;
  const finding = known.get(name) ?? findService(name);
  known.set(name, finding);
  const { server, reason } = await finding;
  if (!server) throw new AbsentError(reason);
  return server.url;
}
