import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ProcessSpec } from '../parts/managed-process.ts';
import { waitFor } from '../parts/wait-for.ts';
import { Server } from '../server.ts';
import type { Place, Plan, Running, Service } from '../service.ts';
import { describeRedis, provideRedis, redisCommand, redisProcess, sentinelProcess } from './redis-server.ts';

const master = 'mymaster';
const nodes = ['redis1', 'redis2'] as const;
const sentinels = ['sentinel1', 'sentinel2', 'sentinel3'] as const;

/** A master with a replica, `redis1` and `redis2`, watched by `sentinel1` to `sentinel3`: names of processes and ports. */
export class RedisSentinel extends Server {
  /** What the sentinels call the master. */
  readonly masterName: string = master;

  /** Which of the two nodes is the master; waits until the sentinels that run agree. Throws NotOwnedError. */
  master(): Promise<string> {
    const { program, ports } = this.instance;
    return waitFor('the sentinels to agree', () => agreedMaster(program, ports));
  }

  /**
   * Kills the master, waits until all sentinels know the replica as the new one, and starts the old one again as its
   * replica; about five seconds. Returns the name of the new master.
   */
  async failOver(): Promise<string> {
    const old = await this.master();
    await this.kill(old);
    const next = await waitFor('another master', async () => {
      const now = await this.master();
      return now !== old && now;
    });
    await this.startReplica(old, next);
    return next;
  }

  /** Starts a node that was killed as the replica of another; by themselves, the sentinels take ten seconds for that. */
  async startReplica(name: string, of: string): Promise<void> {
    const file = join(this.instance.folder, name, 'redis.conf');
    appendFileSync(file, `replicaof 127.0.0.1 ${portOf(this.ports, of)}\n`);
    await this.start(name);
  }

  /** Runs a command on one node or sentinel by redis-cli, and returns the answer as that prints it. Throws NotOwnedError. */
  command(name: string, ...args: readonly string[]): Promise<string> {
    return redisCommand(this.instance.program, portOf(this.instance.ports, name), args);
  }
}

export const redisSentinel: Service<RedisSentinel> = {
  name: 'redis-sentinel',
  variable: 'KOMBU_TEST_REDIS_SENTINEL_URL',
  variants: [],
  ports: [...nodes, ...sentinels],
  provide: () => provideRedis('KOMBU_TEST_REDIS_SENTINEL_URL'),
  plan,
  ready,
  open: (origin) => new RedisSentinel(origin),
};

async function plan(place: Place): Promise<Plan> {
  const { ports, program } = place;
  const url = (name: string): string => `sentinel://127.0.0.1:${portOf(ports, name)}/0?master_name=${master}`;
  return {
    description: `${await describeRedis(program)}, master and replica under ${sentinels.length} sentinels`,
    url: sentinels.map(url).join(';'),
    variants: {},
    processes: [...nodes.map((name) => node(name, place)), ...sentinels.map((name) => sentinel(name, place))],
  };
}

function node(name: (typeof nodes)[number], { folder, ports, program, config }: Place): ProcessSpec {
  const replica = name === 'redis1' ? {} : { replicaof: `127.0.0.1 ${portOf(ports, 'redis1')}` };
  // A replica is in step at once, also after a failover.
  const sync = { 'repl-diskless-sync': 'yes', 'repl-diskless-sync-delay': '0' };
  return redisProcess(folder, name, program, { port: String(portOf(ports, name)), ...sync, ...replica, ...config });
}

function sentinel(name: (typeof sentinels)[number], { folder, ports, program }: Place): ProcessSpec {
  return sentinelProcess(folder, name, program, {
    port: String(portOf(ports, name)),
    sentinel: [
      `monitor ${master} 127.0.0.1 ${portOf(ports, 'redis1')} 2`,
      // Shorter, and a busy machine would fail over by itself.
      `down-after-milliseconds ${master} 2000`,
      // The next failover may come twice this later.
      `failover-timeout ${master} 2000`,
    ],
  });
}

/** Every sentinel knows the two others and the replica, and the replica is in step with the master. */
async function ready({ program, ports, until }: Running): Promise<void> {
  const on = (name: string, ...args: readonly string[]): Promise<string> =>
    redisCommand(program, portOf(ports, name), args);
  for (const name of sentinels) {
    await until(`${name} to know all others`, async () => {
      const known = fields(await on(name, 'SENTINEL', 'MASTER', master));
      return known['flags'] === 'master' && known['num-other-sentinels'] === '2' && known['num-slaves'] === '1';
    });
  }
  await until('the replica to be in step', async () => {
    const name = await agreedMaster(program, ports);
    const replication = name === undefined ? '' : await on(name, 'INFO', 'replication');
    return replication.includes('connected_slaves:1') && replication.includes('state=online');
  });
}

/** The master, when all sentinels that run name the same one: they hear of a failover from each other, within seconds. */
async function agreedMaster(program: string, ports: Place['ports']): Promise<string | undefined> {
  const ask = (name: string): Promise<string> =>
    redisCommand(program, portOf(ports, name), ['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', master]);
  const answers = (await Promise.allSettled(sentinels.map(ask))).filter((answer) => answer.status === 'fulfilled');
  const found = new Set(answers.map((answer) => answer.value.split('\n')[1]));
  return found.size === 1 ? nodes.find((name) => found.has(String(ports[name]))) : undefined;
}

/** Names and values on lines of their own by turns, as redis-cli prints a map. */
function fields(lines: string): Readonly<Record<string, string>> {
  const parts = lines.split('\n');
  return Object.fromEntries(parts.flatMap((name, at) => (at % 2 === 0 ? [[name, parts[at + 1] ?? '']] : [])));
}

function portOf(ports: Place['ports'], name: string): number {
  const port = ports[name];
  if (port === undefined) throw new RangeError(`There is no ${name}, but ${[...nodes, ...sentinels].join(', ')}`);
  return port;
}
