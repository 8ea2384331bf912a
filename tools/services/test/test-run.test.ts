import { describePrivateService, service } from '@kombu/services';
import { join } from 'node:path';
import { run } from '../src/parts/run.ts';
import { ownServicesFolder } from './temporary-folder.ts';

ownServicesFolder();

const tools = join(import.meta.dirname, '..');

/** A run of jest in short: setup, a worker that needs Redis, teardown. Tells what status said before the teardown. */
const script = `
import { execFileSync } from 'node:child_process';
import setup from '${tools}/jest/setup.mjs';
import teardown from '${tools}/jest/teardown.mjs';
const worker = "import { service } from '${tools}/dist/index.js'; await service('redis');";
await setup();
execFileSync(process.execPath, ['--input-type=module', '--eval', worker]);
console.log(execFileSync(process.execPath, ['${tools}/dist/main.js', 'status', 'redis'], { encoding: 'utf8' }));
await teardown();
`;

// Without the name of the run that this test is part of.
const testRun = (): Promise<string> =>
  run(process.execPath, ['--input-type=module', '--eval', script], { env: { KOMBU_SERVICES_USER: '' } });
const command = (...args: readonly string[]): Promise<string> =>
  run(process.execPath, [`${tools}/dist/main.js`, ...args]);

await describePrivateService('redis', 'a test run', () => {
  afterEach(() => command('down'));

  it('stops what its workers started', async () => {
    expect(await testRun()).toContain('redis: up');
    expect(await command('status', 'redis')).toBe('redis: down\n');
  });

  it('leaves running what a person or another run needs', async () => {
    await command('up', 'redis');
    expect(await testRun()).toContain('redis: up');
    expect(await command('status', 'redis')).toContain('redis: up');
    await command('down', 'redis');

    const redis = await service('redis');
    await testRun();
    expect(redis.running).toBe(true);
  });
});
