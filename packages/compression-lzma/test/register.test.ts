import { compressors, SerializerNotInstalledError } from '@kombu/core';
import { lzmaCompressor } from '../src/index.ts';

const plain = Buffer.from('hello');

it('is registered by the module that says so, under the names of Kombu, and not before', async () => {
  const names = ['application/x-lzma', ...lzmaCompressor.aliases];
  expect(names).toHaveLength(3);
  for (const name of names) {
    expect(() => compressors.compress(plain, name)).toThrow(SerializerNotInstalledError);
    expect(() => compressors.compress(plain, name)).toThrow('@kombu/compression-lzma');
  }
  await import('../src/register.ts');
  for (const name of names) {
    const { body, contentType } = compressors.compress(plain, name);
    expect(contentType).toBe('application/x-lzma');
    expect(compressors.decompress(body, name)).toEqual(plain);
  }
});
