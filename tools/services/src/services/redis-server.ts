import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { findProgram } from '../parts/find-program.ts';
import type { ProcessSpec } from '../parts/managed-process.ts';
import { provide } from '../parts/provide.ts';
import { run } from '../parts/run.ts';

/** The path of redis-server, which is a sentinel too. */
export function provideRedis(variable: string): Promise<string> {
  return provide({
    program: 'redis-server',
    debian: ['redis-server'],
    units: ['redis-server'],
    brew: 'redis',
    variable,
  });
}

/** `Redis 7.0.15 (/usr/bin/redis-server)` */
export async function describeRedis(program: string): Promise<string> {
  const version = /v=(\S+)/.exec(await run(program, ['--version']))?.[1] ?? 'of unknown version';
  return `Redis ${version} (${program})`;
}

/** A directive may come several times. */
export type RedisDirectives = Readonly<Record<string, string | readonly string[]>>;

/** On loopback, nothing on disk, bounded memory that fails loudly rather than evicts. */
const usual: RedisDirectives = {
  bind: '127.0.0.1',
  save: '""',
  appendonly: 'no',
  maxmemory: '1gb',
  'maxmemory-policy': 'noeviction',
};

/** A Redis with a folder and a configuration file of its own, `<folder>/<name>/redis.conf`. */
export function redisProcess(folder: string, name: string, program: string, directives: RedisDirectives): ProcessSpec {
  return configured(folder, name, program, { ...usual, ...directives }, []);
}

/** A sentinel with a folder and a configuration file of its own. */
export function sentinelProcess(
  folder: string,
  name: string,
  program: string,
  directives: RedisDirectives,
): ProcessSpec {
  return configured(folder, name, program, { bind: '127.0.0.1', ...directives }, ['--sentinel']);
}

/** A quoted path, for a directive of a configuration. */
export function quoted(path: string): string {
  return JSON.stringify(path);
}

function configured(
  folder: string,
  name: string,
  command: string,
  directives: RedisDirectives,
  args: readonly string[],
): ProcessSpec {
  const dir = join(folder, name);
  const file = join(dir, 'redis.conf');
  mkdirSync(dir, { recursive: true });
  const lines = Object.entries({ dir: quoted(dir), ...directives }).flatMap(([directive, values]) =>
    [values].flat().map((value) => `${directive} ${value}`),
  );
  writeFileSync(file, `${lines.join('\n')}\n`);
  return { name, command, args: [file, ...args] };
}

/** Runs a command on the node at this port by redis-cli and returns the answer as that prints it. Throws the errors of Redis. */
export async function redisCommand(program: string, port: number, args: readonly string[]): Promise<string> {
  const cli = findProgram('redis-cli', [dirname(program)]) ?? 'redis-cli';
  return (await run(cli, ['-e', '-h', '127.0.0.1', '-p', String(port), ...args], { deadline: 10_000 })).trim();
}
