import { mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { provide } from '../parts/provide.ts';
import { Server } from '../server.ts';
import type { Place, Plan, Running, Service } from '../service.ts';

/** One ZooKeeper that is an ensemble of its own. The shortest session that it grants is a second. */
export class ZooKeeper extends Server {
  /** Sends a command of four letters, such as `stat`, and returns the answer. Throws NotOwnedError. */
  command(name: string): Promise<string> {
    return fourLetters(this.ports['client'] ?? 0, name);
  }
}

export const zookeeper: Service<ZooKeeper> = {
  name: 'zookeeper',
  variable: 'KOMBU_TEST_ZOOKEEPER_URL',
  variants: [],
  ports: ['client'],
  provide: () =>
    provide({
      // Debian's, then Homebrew's.
      program: 'zkServer.sh',
      folders: ['/usr/share/zookeeper/bin', '/opt/homebrew/opt/zookeeper/libexec/bin'],
      debian: ['zookeeper'],
      units: ['zookeeper'],
      brew: 'zookeeper',
      variable: 'KOMBU_TEST_ZOOKEEPER_URL',
    }),
  plan,
  ready,
  open: (origin) => new ZooKeeper(origin),
};

/** A tick of 500 ms makes sessions of 1 to 10 seconds. The data outlive the process, not the machine. */
const usual: Place['config'] = {
  tickTime: '500',
  forceSync: 'no',
  preAllocSize: '4096',
  clientPortAddress: '127.0.0.1',
  maxClientCnxns: '0',
  'admin.enableServer': 'false',
  '4lw.commands.whitelist': '*',
};

async function plan({ folder, ports, program, config }: Place): Promise<Plan> {
  const file = join(folder, 'zoo.cfg');
  mkdirSync(join(folder, 'data'), { recursive: true });
  const settings = { dataDir: join(folder, 'data'), clientPort: String(ports['client']), ...usual, ...config };
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`);
  writeFileSync(file, lines.join(''));
  return {
    description: `ZooKeeper (${program})`,
    url: `zookeeper://127.0.0.1:${ports['client']}/`,
    variants: {},
    processes: [
      {
        name: 'zookeeper',
        command: program,
        args: ['start-foreground', file],
        env: { JVMFLAGS: '-Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1', ZOO_LOG_DIR: folder },
      },
    ],
  };
}

async function ready({ ports, until }: Running): Promise<void> {
  // It says `imok` before it takes sessions.
  await until('srvr', async () => (await fourLetters(ports['client'] ?? 0, 'srvr')).includes('Mode:'));
}

async function fourLetters(port: number, command: string): Promise<string> {
  const socket = connect(port, '127.0.0.1').setTimeout(5000, () => socket.destroy(new Error('No answer')));
  socket.write(command);
  let answer = '';
  for await (const bytes of socket) answer += String(bytes);
  return answer;
}
