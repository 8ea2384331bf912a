import { join } from 'node:path';
import { folderHash } from '../parts/folder.ts';
import type { Place } from '../service.ts';

/**
 * The variables that make a RabbitMQ, and the tools that talk to it, independent of any other on the machine: own node
 * name, home with the cookie, ports for distribution and epmd; all on loopback.
 */
export function rabbitEnvironment(folder: string, ports: Place['ports']): Readonly<Record<string, string>> {
  return {
    HOME: folder,
    LANG: 'C.UTF-8',
    RABBITMQ_NODENAME: `kombu-${folderHash(folder)}@localhost`,
    RABBITMQ_DIST_PORT: String(ports['distribution']),
    ERL_EPMD_PORT: String(ports['epmd']),
    ERL_EPMD_ADDRESS: '127.0.0.1',
    RABBITMQ_CONFIG_FILE: join(folder, 'rabbitmq.conf'),
    RABBITMQ_ADVANCED_CONFIG_FILE: join(folder, 'advanced.config'),
    RABBITMQ_CONF_ENV_FILE: join(folder, 'rabbitmq-env.conf'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'enabled_plugins'),
    RABBITMQ_MNESIA_BASE: join(folder, 'mnesia'),
    RABBITMQ_LOG_BASE: join(folder, 'log'),
    // To stdout, which is the log of the process.
    RABBITMQ_LOGS: '-',
    // Waiting schedulers do not spin: on a small machine they would take the tests' own time.
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS:
      '-kernel inet_dist_use_interface {127,0,0,1} +sbwt none +sbwtdcpu none +sbwtdio none',
  };
}
