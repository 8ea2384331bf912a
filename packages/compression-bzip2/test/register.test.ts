import { compressors, SerializerNotInstalledError } from '@kombu/core';
import { bzip2Compressor } from '../src/index.ts';

const plain = Buffer.from('hello');

it('is registered by the module that says so, under the names of Kombu, and not before', async () => {
  const names = ['application/x-bz2', ...bzip2Compressor.aliases];
  expect(names).toHaveLength(3);
  for (const name of names) {
    expect(() => compressors.compress(plain, name)).toThrow(SerializerNotInstalledError);
    expect(() => compressors.compress(plain, name)).toThrow('@kombu/compression-bzip2');
  }
  await import('../src/register.ts');
  for (const name of names) {
    const { body, contentType } = compressors.compress(plain, name);
    expect(contentType).toBe('application/x-bz2');
    expect(compressors.decompress(body, name)).toEqual(plain);
  }
});
