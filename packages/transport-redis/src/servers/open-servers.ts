import type { Target, TransportContext } from '@kombu/core/spi';
import { readTlsOptions } from '@kombu/core/spi';
import type { RedisOptions } from '../options.ts';
import { addressesOf, onlyAddressOf } from './addresses.ts';
import { Cluster } from './cluster.ts';
import type { Form } from './form.ts';
import type { NodeParts } from './node.ts';
import { openMaster } from './sentinel.ts';
import type { ServerEvents, Servers } from './servers.ts';
import { SingleServer } from './single-server.ts';

/** Connects to what a target names, in whichever form. */
export async function openServers(
  target: Target,
  form: Form,
  database: number,
  options: RedisOptions,
  { clock, logger, signal }: TransportContext,
  events: ServerEvents,
): Promise<Servers> {
  const settings = {
    username: target.userid,
    password: target.password,
    database,
    // The name to expect in a certificate is that of each server, not of the URL.
    tls: await readTlsOptions({ ...target, hostname: undefined }, form.isSecure),
    clientName: options.clientName,
    connectTimeout: options.socketConnectTimeout,
    keepAlive: options.socketKeepalive,
    logger,
  };
  const parts: NodeParts = { settings, options, clock, events };
  switch (form.kind) {
    case 'sentinel':
      return openMaster(addressesOf(target, 26_379), parts, signal);
    case 'cluster':
      return Cluster.open(addressesOf(target, 6379), parts, signal);
    case 'socket':
      return SingleServer.open({ path: `/${target.virtualHost ?? ''}` }, parts, signal);
    default:
      return SingleServer.open(onlyAddressOf(target, 6379), parts, signal);
  }
}
