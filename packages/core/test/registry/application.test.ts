import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { transformFileSync } from '@swc/core';

// A real process, for jest has its own module loader. The application and core lie in different folders, so that a package
// found from core's place would not be the application's.
const home = mkdtempSync(join(tmpdir(), 'kombu-registry-'));
const app = join(home, 'app');

beforeAll(() => {
  const sources = join(import.meta.dirname, '../../src');
  const registry = readdirSync(join(sources, 'registry')).map((name) => `registry/${name}`);
  put('core/package.json', { type: 'module' });
  for (const file of ['errors.ts', 'nearest.ts', ...registry])
    put(`core/${file.replace('.ts', '.js')}`, compile(join(sources, file)));
  put('app/package.json', { dependencies: { '@acme/kombu-transport-nats': '1' } });
  put('app/main.mjs', program);
  put('app/bin/main.mjs', program);
  put('tool/main.mjs', program);
  symlinkSync(join(app, 'bin/main.mjs'), join(home, 'linked.mjs'));
  install('@kombu/transport-redis', { exports: { '.': { types: './x.d.ts', import: './dist/index.js' } } }, 'redis');
  install(
    '@kombu/transport-amqp',
    { exports: [{ require: './no.cjs', node: { default: './dist/index.js' } }] },
    'amqp',
  );
  install('@kombu/transport-sqs', { exports: './dist/index.js' }, 'sqs');
  install('@acme/kombu-transport-nats', { main: 'dist/index' }, 'nats');
  install('@kombu/transport-mongodb', { exports: { '.': './dist/index.js' } }, 'mongodb', 'import "no-such-driver";');
  install('@kombu/transport-qpid', { exports: { './other': './x.js' } }, 'qpid');
  install('@kombu/transport-zookeeper', { exports: './dist/index.js' }, 'zookeeper', '', 'core');
});

afterAll(() => rmSync(home, { recursive: true, force: true }));

const program = `
  import { TransportRegistry } from '${join(home, 'core/registry/transport-registry.js')}';
  const registry = new TransportRegistry();
  const results = await Promise.allSettled(process.argv.slice(2).map((scheme) => registry.resolve(scheme)));
  console.log(JSON.stringify(results.map(({ value, reason }) => value?.name ?? reason.name + ': ' + reason.message)));
`;

function put(path: string, content: unknown): void {
  mkdirSync(dirname(join(home, path)), { recursive: true });
  writeFileSync(join(home, path), typeof content === 'string' ? content : JSON.stringify(content));
}

function compile(file: string): string {
  const { code } = transformFileSync(file, { jsc: { target: 'es2023', parser: { syntax: 'typescript' } } });
  return code.replaceAll(/(from '[^']+)\.ts'/g, "$1.js'").replaceAll(/(from "[^"]+)\.ts"/g, '$1.js"');
}

function install(name: string, manifest: object, scheme: string, prologue = '', place = 'app'): void {
  const transport = `{ name: '${name}', schemes: ['${scheme}'], capabilities: {}, connect() {}, classify() {} }`;
  const folder = `${place}/node_modules/${name}`;
  put(`${folder}/package.json`, { name, type: 'module', ...manifest });
  put(`${folder}/dist/index.js`, `${prologue} export const transport = ${transport};`);
}

function resolveIn(cwd: string, main: string, ...schemes: string[]): string[] {
  const output = execFileSync(process.execPath, [main, ...schemes], { cwd, encoding: 'utf8', env: {} });
  return JSON.parse(output) as string[];
}

describe('the default loader', () => {
  it("imports the packages of the application's folder, whatever their exports look like", () => {
    const schemes = ['redis', 'amqp', 'sqs', 'nats', 'zookeeper', 'mongodb', 'qpid', 'reddis'];
    const found = resolveIn(app, join(app, 'main.mjs'), ...schemes);
    expect(found.slice(0, 4)).toEqual([
      '@kombu/transport-redis',
      '@kombu/transport-amqp',
      '@kombu/transport-sqs',
      '@acme/kombu-transport-nats',
    ]);
    expect(found.slice(4)).toEqual([
      expect.stringMatching(/^TransportNotInstalledError: .*npm install @kombu\/transport-zookeeper /),
      expect.stringMatching(/^KombuError: @kombu\/transport-mongodb is installed and cannot be used: .*no-such-driver/),
      expect.stringMatching(/^KombuError: @kombu\/transport-qpid is installed and .* has no "\."/),
      expect.stringMatching(/^UnknownTransportError: .*Did you mean "redis"/),
    ]);
  });

  it('looks in the working directory when the main module is elsewhere', () => {
    expect(resolveIn(app, join(home, 'tool/main.mjs'), 'redis')).toEqual(['@kombu/transport-redis']);
  });

  it.each([
    ['the main module', join(app, 'bin/main.mjs')],
    ['the file that a link to the main module means', join(home, 'linked.mjs')],
  ])('looks beside %s when the working directory is elsewhere', (_what, main) => {
    expect(resolveIn(home, main, 'redis', 'nats')).toEqual(['@kombu/transport-redis', '@acme/kombu-transport-nats']);
  });
});
