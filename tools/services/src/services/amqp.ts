import { realpathSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { greetsAmqp } from '../parts/amqp-greeting.ts';
import { certificates, type Certificates } from '../parts/certificates.ts';
import { findProgram } from '../parts/find-program.ts';
import { provide } from '../parts/provide.ts';
import { tlsQuery } from '../parts/tls-query.ts';
import type { Place, Plan, Running, Service } from '../service.ts';
import { rabbitEnvironment } from './rabbitmq-environment.ts';
import { RabbitMq } from './rabbitmq.ts';
import { ManagementApi } from './rabbitmq-api.ts';

export const amqp: Service<RabbitMq> = {
  name: 'amqp',
  variable: 'KOMBU_TEST_AMQP_URL',
  variants: ['tls', 'external', 'management'],
  ports: ['amqp', 'tls', 'management', 'distribution', 'epmd'],
  provide: () =>
    provide({
      program: 'rabbitmq-server',
      // Debian's programs on the PATH work for root only, and as another user.
      folders: ['/usr/lib/rabbitmq/bin'],
      debian: ['rabbitmq-server'],
      units: ['rabbitmq-server', 'epmd.socket'],
      brew: 'rabbitmq',
      variable: 'KOMBU_TEST_AMQP_URL',
    }),
  plan,
  ready,
  open: (origin) => new RabbitMq(origin),
};

async function plan(place: Place): Promise<Plan> {
  const { folder, ports, program } = place;
  const files = await certificates();
  const settings = Object.entries({ ...configuration(ports, files), ...place.config });
  writeFileSync(join(folder, 'rabbitmq.conf'), settings.map(([name, value]) => `${name} = ${value}\n`).join(''));
  writeFileSync(join(folder, 'enabled_plugins'), '[rabbitmq_management, rabbitmq_auth_mechanism_ssl].\n');
  writeFileSync(join(folder, 'rabbitmq-env.conf'), '');
  const env = rabbitEnvironment(folder, ports);
  const epmd = findProgram('epmd', [dirname(program)]) ?? 'epmd';
  return {
    description: `RabbitMQ ${versionOf(program)} (${program})`,
    url: `amqp://guest:guest@127.0.0.1:${ports['amqp']}//`,
    variants: {
      tls: `amqps://guest:guest@127.0.0.1:${ports['tls']}//?${tlsQuery(files)}`,
      external: `amqps://127.0.0.1:${ports['tls']}//?login_method=EXTERNAL&${tlsQuery(files, true)}`,
      management: `http://guest:guest@127.0.0.1:${ports['management']}`,
    },
    processes: [
      // Not the machine's, which would outlive the server.
      {
        name: 'epmd',
        command: epmd,
        args: ['-port', `${ports['epmd']}`, '-address', '127.0.0.1'],
        env,
        port: ports['epmd'] ?? 0,
      },
      // Connections and message stores are closed at once; before 3.13, the management plugin then takes 5 s for nothing.
      { name: 'rabbitmq', command: program, args: [], env, patience: 2500 },
    ],
  };
}

/** From the folder that it is installed in: asking rabbitmqctl takes a second. */
function versionOf(program: string): string {
  return /rabbitmq(?:_server)?[-/](\d[\d.]*\d)/.exec(realpathSync(program))?.[1] ?? 'of unknown version';
}

function configuration(ports: Place['ports'], files: Certificates): Readonly<Record<string, string>> {
  return {
    'listeners.tcp.1': `127.0.0.1:${ports['amqp']}`,
    'listeners.ssl.1': `127.0.0.1:${ports['tls']}`,
    'ssl_options.cacertfile': files.ca,
    'ssl_options.certfile': files.serverCert,
    'ssl_options.keyfile': files.serverKey,
    'ssl_options.verify': 'verify_peer',
    'ssl_options.fail_if_no_peer_cert': 'false',
    'auth_mechanisms.1': 'PLAIN',
    'auth_mechanisms.2': 'AMQPLAIN',
    'auth_mechanisms.3': 'EXTERNAL',
    ssl_cert_login_from: 'common_name',
    'management.tcp.ip': '127.0.0.1',
    'management.tcp.port': String(ports['management']),
    // No alarm on a small machine that is nearly full.
    'vm_memory_high_watermark.relative': '0.8',
    'disk_free_limit.absolute': '20MB',
  };
}

/** The certificate of the client is for a user of its own, who needs no password. */
async function ready({ ports, variants, until }: Running): Promise<void> {
  const api = new ManagementApi(variants['management'] ?? '');
  await until('the management API', () => api.answers());
  await until('the AMQP greeting', () => greetsAmqp(ports['amqp'] ?? 0));
  await api.send('PUT', '/users/kombu-client', { password_hash: '', tags: '' });
  await api.permit('kombu-client', '/');
}
