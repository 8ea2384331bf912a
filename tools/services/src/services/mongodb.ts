import { mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { findProgram } from '../parts/find-program.ts';
import { repository, socketPath } from '../parts/folder.ts';
import { provideGo } from '../parts/go-program.ts';
import type { ProcessSpec } from '../parts/managed-process.ts';
import { answersHello } from '../parts/mongo-hello.ts';
import { run } from '../parts/run.ts';
import { Server } from '../server.ts';
import type { Place, Plan, Running, Service } from '../service.ts';

/** A `mongod`, or FerretDB on SQLite, which speaks the same protocol. */
export const mongodb: Service = {
  name: 'mongodb',
  variable: 'KOMBU_TEST_MONGODB_URL',
  variants: [],
  ports: ['mongodb'],
  provide: async () =>
    findProgram('mongod') ??
    (await provideGo({
      name: 'ferretdb',
      source: join(repository, 'tools/services/ferretdb'),
      variable: 'KOMBU_TEST_MONGODB_URL',
    })),
  plan,
  ready,
  open: (origin) => new Server(origin),
};

async function plan(place: Place): Promise<Plan> {
  const isMongod = basename(place.program) === 'mongod';
  return {
    description: isMongod ? await describeMongod(place.program) : `FerretDB 1.24.2 (${place.program})`,
    url: `mongodb://127.0.0.1:${place.ports['mongodb']}`,
    variants: {},
    processes: [isMongod ? mongod(place) : ferretdb(place)],
  };
}

async function describeMongod(program: string): Promise<string> {
  const version = /db version v(\S+)/.exec(await run(program, ['--version']))?.[1] ?? 'of unknown version';
  return `MongoDB ${version} (${program})`;
}

function mongod({ folder, ports, program, config }: Place): ProcessSpec {
  const data = join(folder, 'data');
  mkdirSync(data, { recursive: true });
  const more = Object.entries(config).flatMap(([name, value]) => [`--${name}`, value]);
  const port = String(ports['mongodb']);
  return {
    name: 'mongod',
    command: program,
    args: ['--dbpath', data, '--bind_ip', '127.0.0.1', '--port', port, ...more],
  };
}

function ferretdb({ folder, ports, program }: Place): ProcessSpec {
  const [data, socket] = [join(folder, 'data'), socketPath(folder, 'ferretdb.sock')];
  const listen = `127.0.0.1:${ports['mongodb']}`;
  return { name: 'ferretdb', command: program, args: ['-listen', listen, '-socket', socket, '-data', data] };
}

async function ready({ ports, until }: Running): Promise<void> {
  await until('hello', () => answersHello(ports['mongodb'] ?? 0));
}
