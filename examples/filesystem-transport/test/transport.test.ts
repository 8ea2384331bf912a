import type { Target } from '@kombu/core/spi';
import { Connection, TransportRegistry } from '@kombu/core';
import * as exported from '../src/index.ts';
import { readOptions } from '../src/options.ts';
import { temporaryFolders } from './support/folders.ts';

const read = (parts: Partial<Target>): exported.FilesystemOptions =>
  readOptions({ options: {}, query: {}, ...parts } as Target);

describe('options', () => {
  it("have Kombu's defaults", () => {
    expect(read({})).toEqual({
      dataFolderIn: 'data_in',
      dataFolderOut: 'data_out',
      controlFolder: 'control',
      leaseMs: 30_000,
    });
  });

  it('come from the URL and from transportOptions; the URL wins', () => {
    const options = { leaseMs: 500, controlFolder: 'here' };
    const both = read({ options, query: { leaseMs: '700', dataFolderIn: 'there' } });
    expect(both).toMatchObject({ leaseMs: 700, controlFolder: 'here', dataFolderIn: 'there' });
  });

  const wrong: readonly (readonly [Partial<Target>, string])[] = [
    [{ options: { data_folder_in: 'x' } }, 'dataFolderIn'],
    [{ query: { leaseMS: '1' } }, 'leaseMs'],
    [{ options: { leaseMs: 0 } }, 'leaseMs'],
    [{ options: { dataFolderIn: '' } }, 'dataFolderIn'],
    [{ hostname: 'example.com' }, 'dataFolderIn'],
    [{ virtualHost: 'srv/queues' }, 'dataFolderIn'],
  ];

  it.each(wrong)('refuse %j and name what is meant', (parts, hint) => {
    const reading = (): unknown => read(parts);
    expect(reading).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
    expect(reading).toThrow(hint);
  });

  it("take Kombu's usual URLs", () => {
    for (const hostname of [undefined, 'localhost'])
      for (const virtualHost of [undefined, '/']) read({ hostname, virtualHost });
  });
});

describe('the package', () => {
  it('is found by its scheme, as an application would', async () => {
    const registry = new TransportRegistry({
      dependencies: () => ['kombu-transport-filesystem'],
      load: async (name) => (name === 'kombu-transport-filesystem' ? exported : undefined),
    });
    await using connection = new Connection('filesystem://', { registry, transportOptions: { ...temporaryFolders() } });
    const queue = connection.simpleQueue('q');
    await queue.put('hello');
    expect((await queue.get({ timeout: 5000 })).payload).toBe('hello');
  });

  it('classifies the errors of the operating system', () => {
    expect(exported.transport.classify({ code: 'ENOSPC' })).toBe('BLOCKED');
    expect(exported.transport.classify(new Error('no idea'))).toBe('INTERNAL');
  });
});
