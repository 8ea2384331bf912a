import { join } from 'node:path';
import { certificates } from '../parts/certificates.ts';
import type { ProcessSpec } from '../parts/managed-process.ts';
import { provideNpmPackage } from '../parts/npm-package.ts';
import { accepts } from '../parts/ports.ts';
import { tlsQuery } from '../parts/tls-query.ts';
import { Server } from '../server.ts';
import type { Place, Plan, Running, Service } from '../service.ts';

const version = '3.35.0';

/** Known to everybody: Microsoft prints it in the documentation of the emulator. */
const account = 'devstoreaccount1';
const key = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';

/**
 * Azurite, Microsoft's emulator of Azure Storage. The variant `tls` is a second one, which takes tokens too and has queues of
 * its own.
 */
export const azureStorageQueue: Service = {
  name: 'azure-storage-queue',
  variable: 'KOMBU_TEST_AZURE_STORAGE_QUEUE_URL',
  variants: ['tls'],
  ports: ['plain', 'tls'],
  provide: () =>
    provideNpmPackage({
      name: 'azurite',
      version,
      script: join('dist', 'src', 'queue', 'main.js'),
      variable: 'KOMBU_TEST_AZURE_STORAGE_QUEUE_URL',
    }),
  plan,
  ready,
  open: (origin) => new Server(origin),
};

async function plan(place: Place): Promise<Plan> {
  const { program, ports } = place;
  const files = await certificates();
  const tls = ['--oauth', 'basic', '--cert', files.serverCert, '--key', files.serverKey];
  return {
    description: `Azurite ${version} (${program})`,
    url: `azurestoragequeues://${key}@http://127.0.0.1:${ports['plain']}/${account}`,
    variants: { tls: `azurestoragequeues://${key}@https://127.0.0.1:${ports['tls']}/${account}?${tlsQuery(files)}` },
    processes: [azurite(place, 'plain', []), azurite(place, 'tls', tls)],
  };
}

function azurite({ folder, program, ports }: Place, name: string, args: readonly string[]): ProcessSpec {
  // Not in memory, where it stands still for minutes whenever it clears away what some thousand messages left.
  const data = ['--location', join(folder, name)];
  const address = ['--queueHost', '127.0.0.1', '--queuePort', String(ports[name])];
  // Clients are newer than the emulator: it would refuse the version of their protocol.
  const quiet = ['--silent', '--disableTelemetry', '--skipApiVersionCheck'];
  return { name, command: process.execPath, args: [program, ...address, ...data, ...quiet, ...args] };
}

async function ready({ ports, until }: Running): Promise<void> {
  for (const [name, port] of Object.entries(ports)) await until(`${name} to listen`, () => accepts(port));
}
