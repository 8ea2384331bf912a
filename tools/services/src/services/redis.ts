import { certificates } from '../parts/certificates.ts';
import { socketPath } from '../parts/folder.ts';
import { tlsQuery } from '../parts/tls-query.ts';
import { Server } from '../server.ts';
import type { Place, Plan, Running, Service } from '../service.ts';
import { describeRedis, provideRedis, quoted, redisCommand, redisProcess } from './redis-server.ts';

/** A single Redis. Variants: `tls`, `socket`. */
export class Redis extends Server {
  /** The unix socket. Throws NotOwnedError. */
  get socket(): string {
    return socketPath(this.instance.folder, 'redis.sock');
  }

  /** Runs a command by redis-cli, and returns the answer as that prints it. Throws NotOwnedError. */
  command(...args: readonly string[]): Promise<string> {
    return redisCommand(this.instance.program, this.instance.ports['redis'] ?? 0, args);
  }
}

export const redis: Service<Redis> = {
  name: 'redis',
  variable: 'KOMBU_TEST_REDIS_URL',
  variants: ['tls', 'socket'],
  ports: ['redis', 'tls'],
  provide: () => provideRedis('KOMBU_TEST_REDIS_URL'),
  plan,
  ready,
  open: (origin) => new Redis(origin),
};

async function plan({ folder, ports, program, config }: Place): Promise<Plan> {
  const files = await certificates();
  const socket = socketPath(folder, 'redis.sock');
  const directives = {
    port: String(ports['redis']),
    unixsocket: quoted(socket),
    'tls-port': String(ports['tls']),
    'tls-cert-file': quoted(files.serverCert),
    'tls-key-file': quoted(files.serverKey),
    'tls-ca-cert-file': quoted(files.ca),
    'tls-auth-clients': 'optional',
    ...config,
  };
  return {
    description: await describeRedis(program),
    url: `redis://127.0.0.1:${ports['redis']}/0`,
    variants: {
      tls: `rediss://127.0.0.1:${ports['tls']}/0?${tlsQuery(files)}`,
      socket: `redis+socket://${socket}`,
    },
    processes: [redisProcess(folder, 'redis', program, directives)],
  };
}

async function ready({ program, ports, until }: Running): Promise<void> {
  await until('PING', async () => (await redisCommand(program, ports['redis'] ?? 0, ['PING'])) === 'PONG');
}
