import { ServiceUnavailableError } from '../../src/parts/errors.ts';
import { provide } from '../../src/parts/provide.ts';
import { ownServicesFolder, temporaryFolder } from '../temporary-folder.ts';

const needs = { debian: ['some-server'], units: [], brew: 'some', variable: 'KOMBU_TEST_SOME_URL' };

describe('provide', () => {
  ownServicesFolder();
  const empty = temporaryFolder();
  const path = process.env['PATH'];
  afterEach(() => {
    process.env['PATH'] = path;
  });

  it('takes the program that is there, first from the folders that go before PATH', async () => {
    expect(await provide({ ...needs, program: 'sh', folders: ['/bin'] })).toBe('/bin/sh');
  });

  it('tells what to do when there is none and nothing to install it with', async () => {
    process.env['PATH'] = empty;
    const failed = provide({ ...needs, program: 'no-such-server' });
    await expect(failed).rejects.toThrow(ServiceUnavailableError);
    await expect(failed).rejects.toThrow(
      'No no-such-server on this machine, and this machine has no apt-get. Install it (apt-get install some-server; brew install some), or set KOMBU_TEST_SOME_URL',
    );
  });
});
