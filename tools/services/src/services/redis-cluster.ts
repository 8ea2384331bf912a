import { Server } from '../server.ts';
import type { Place, Plan, Running, Service } from '../service.ts';
import { describeRedis, provideRedis, redisCommand, redisProcess } from './redis-server.ts';

const names = ['node1', 'node2', 'node3'] as const;

/** A cluster of three masters, `node1` to `node3`: the names of its processes and ports. */
export class RedisCluster extends Server {
  /** Runs a command on one node by redis-cli, and returns the answer as that prints it. Throws NotOwnedError. */
  command(node: string, ...args: readonly string[]): Promise<string> {
    return redisCommand(this.instance.program, portOf(this.instance.ports, node), args);
  }
}

export const redisCluster: Service<RedisCluster> = {
  name: 'redis-cluster',
  variable: 'KOMBU_TEST_REDIS_CLUSTER_URL',
  variants: [],
  ports: names,
  provide: () => provideRedis('KOMBU_TEST_REDIS_CLUSTER_URL'),
  plan,
  ready,
  open: (origin) => new RedisCluster(origin),
};

const cluster = { 'cluster-enabled': 'yes', 'cluster-config-file': 'nodes.conf', 'cluster-node-timeout': '2000' };

async function plan({ folder, ports, program, config }: Place): Promise<Plan> {
  return {
    description: `${await describeRedis(program)}, ${names.length} nodes`,
    url: `redis+cluster://${names.map((name) => `127.0.0.1:${portOf(ports, name)}`).join(',')}/0`,
    variants: {},
    processes: names.map((name) =>
      redisProcess(folder, name, program, { port: String(portOf(ports, name)), ...cluster, ...config }),
    ),
  };
}

/** Joins the nodes at the first start. */
async function ready({ program, ports, until }: Running): Promise<void> {
  const on = (name: string, ...args: readonly string[]): Promise<string> =>
    redisCommand(program, portOf(ports, name), args);
  for (const name of names) await until(`PING to ${name}`, async () => (await on(name, 'PING')) === 'PONG');
  if ((await on('node1', 'CLUSTER', 'INFO')).includes('cluster_slots_assigned:0')) {
    const addresses = names.map((name) => `127.0.0.1:${portOf(ports, name)}`);
    await on('node1', '--cluster', 'create', ...addresses, '--cluster-yes');
  }
  for (const name of names) {
    await until(`cluster_state of ${name}`, async () => {
      const info = await on(name, 'CLUSTER', 'INFO');
      return info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:${names.length}`);
    });
  }
}

function portOf(ports: Place['ports'], name: string): number {
  const port = ports[name];
  if (port === undefined) throw new RangeError(`The cluster has no node ${name}, but ${names.join(', ')}`);
  return port;
}
