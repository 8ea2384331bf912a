import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { httpRequest } from '../parts/http-request.ts';
import { provideJars } from '../parts/maven.ts';
import { provide } from '../parts/provide.ts';
import { Server } from '../server.ts';
import type { Place, Plan, Running, Service } from '../service.ts';

const variable = 'KOMBU_TEST_SQS_URL';
const elasticMq = { group: 'org.elasticmq', artifact: 'elasticmq-server_2.13', version: '1.6.14', variable };

/** ElasticMQ, which speaks the protocol of Amazon SQS. Everything is in memory: a restart forgets the queues. */
export const sqs: Service = {
  name: 'sqs',
  variable,
  variants: [],
  ports: ['sqs'],
  provide: async () => {
    // Both, for a test that only wants to know whether a server can be had.
    await provideJars(elasticMq);
    return provide({
      program: 'java',
      debian: ['default-jre-headless'],
      units: [],
      brew: 'openjdk',
      variable,
    });
  },
  plan,
  ready,
  open: (origin) => new Server(origin),
};

async function plan({ folder, ports, program, config }: Place): Promise<Plan> {
  const port = ports['sqs'];
  const settings = {
    'node-address.host': '127.0.0.1',
    'node-address.port': String(port),
    'rest-sqs.bind-hostname': '127.0.0.1',
    'rest-sqs.bind-port': String(port),
    // The limits of the real service.
    'rest-sqs.sqs-limits': 'strict',
    'rest-stats.enabled': 'false',
    ...config,
  };
  const file = join(folder, 'elasticmq.conf');
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
  writeFileSync(file, ['include classpath("application.conf")', ...lines, ''].join('\n'));
  const jars = await provideJars(elasticMq);
  const small = ['-Xmx256m', '-XX:+UseSerialGC'];
  const args = [...small, `-Dconfig.file=${file}`, '-cp', join(jars, '*'), 'org.elasticmq.server.Main'];
  return {
    description: `ElasticMQ ${elasticMq.version} (${program})`,
    url: `sqs://key:secret@127.0.0.1:${port}`,
    variants: {},
    processes: [{ name: 'elasticmq', command: program, args, patience: 2500 }],
  };
}

/** By asking for a queue that is not there. */
async function ready({ ports, until }: Running): Promise<void> {
  const headers = { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': 'AmazonSQS.GetQueueUrl' };
  await until('the SQS protocol', async () => {
    const url = `http://127.0.0.1:${ports['sqs']}/`;
    const { text } = await httpRequest('POST', url, headers, '{"QueueName":"no-such-queue"}');
    return text.includes('QueueDoesNotExist');
  });
}
