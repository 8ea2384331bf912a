import { compressors, SerializerNotInstalledError } from '@kombu/core';
import { zstdCompressor } from '../src/index.ts';

const plain = Buffer.from('hello');
const builtIn = compressors.names().includes('zstd');

it('is registered by the module that says so, under the names of Kombu, where Node has none', async () => {
  const names = ['application/zstd', 'zstd', 'zstandard'];
  if (!builtIn) {
    expect(() => compressors.compress(plain, 'zstd')).toThrow(SerializerNotInstalledError);
    expect(() => compressors.compress(plain, 'zstd')).toThrow('@kombu/compression-zstd');
  }
  const before = compressors.names();
  await import('../src/register.ts');
  expect(compressors.names()).toEqual(builtIn ? before : [...before, 'zstd']);
  for (const name of names) {
    const { body, contentType } = compressors.compress(plain, name);
    expect(contentType).toBe('application/zstd');
    expect(compressors.decompress(body, name)).toEqual(plain);
    expect(zstdCompressor.decompress(body, 100)).toEqual(plain);
  }
});
