import * as zlib from 'node:zlib';
import * as fc from 'fast-check';
import { CompressorRegistry, compressors } from '../../src/codec/compression.ts';
import type { Compressor } from '../../src/codec/compressor.ts';
import { defaultLimits } from '../../src/codec/limits.ts';
import { DecodeError, EncodeError, InvalidArgumentError, SerializerNotInstalledError } from '../../src/errors.ts';
import { python, thrownBy } from './python/fixtures.ts';

const plain = Buffer.from(python.plain);
const fail = (): never => {
  throw new TypeError('inner');
};
const hasZstd = 'zstdCompressSync' in zlib;
const names = hasZstd ? ['gzip', 'brotli', 'zstd'] : ['gzip', 'brotli'];

describe('behaviour 20: every installed compressor round-trips', () => {
  it('knows what Node can do', () => {
    expect(compressors.names()).toEqual(names);
  });

  it.each(names)('%s', (name) => {
    fc.assert(
      fc.property(fc.uint8Array({ size: 'large' }), (array) => {
        const body = Buffer.from(array);
        const compressed = compressors.compress(body, name);
        expect(compressors.decompress(compressed.body, compressed.contentType)).toStrictEqual(body);
        expect(compressors.decompress(compressed.body, name)).toStrictEqual(body);
      }),
      { numRuns: 50 },
    );
  });

  it.each(python.compressed.filter(({ name }) => ['gzip', 'zlib', 'brotli'].includes(name)))(
    'reads $name as Python wrote it',
    ({ name, contentType, base64 }) => {
      expect(compressors.decompress(Buffer.from(base64, 'base64'), contentType)).toStrictEqual(plain);
      expect(compressors.compress(plain, name).contentType).toBe(contentType);
    },
  );

  it('writes gzip byte for byte as Python does: a zlib stream', () => {
    const fixture = python.compressed.find(({ name }) => name === 'gzip');
    expect(compressors.compress(plain, 'gzip').body.toString('base64')).toBe(fixture?.base64);
  });

  it('reads true gzip, of several members, too', () => {
    // The format allows it for gzip, unlike for zlib streams.
    const member = zlib.gzipSync('ab');
    expect(compressors.decompress(member, 'gzip').toString()).toBe('ab');
    expect(compressors.decompress(Buffer.concat([member, member]), 'application/x-gzip').toString()).toBe('abab');
  });

  it.each([
    ...['bzip2', 'bzip', 'application/x-bz2'].map((name) => [name, '@kombu/compression-bzip2'] as const),
    ...['lzma', 'xz', 'application/x-lzma'].map((name) => [name, '@kombu/compression-lzma'] as const),
    ...(hasZstd ? [] : ['zstd', 'zstandard', 'application/zstd']).map(
      (name) => [name, '@kombu/compression-zstd'] as const,
    ),
    ['gzipp', 'did you mean gzip?'] as const,
    ['snappy', 'known are gzip'] as const,
    ['constructor', 'known are gzip'] as const,
    ['x'.repeat(100_000), 'known are gzip'] as const,
  ])('names the way out for %.20s', (name, hint) => {
    for (const use of [
      () => compressors.compress(plain, name),
      () => compressors.decompress(plain, name),
      () => new CompressorRegistry().unregister(name),
    ]) {
      const error = thrownBy(use);
      expect(error).toBeInstanceOf(SerializerNotInstalledError);
      expect(error.message).toContain(hint);
      expect(error.message.length).toBeLessThan(300);
    }
  });
});

describe('behaviour 20: hostile compressed bodies end in a DecodeError', () => {
  it.each(names)('%s: truncated anywhere, followed by anything, changed or foreign', (name) => {
    const { body } = compressors.compress(plain, name);
    for (let length = 0; length < body.length; length++) {
      expect(() => compressors.decompress(body.subarray(0, length), name)).toThrow(DecodeError);
    }
    for (const tail of [Buffer.from('garbage'), Buffer.alloc(1), body]) {
      // The format allows several frames in a row; Node reads them since version 26.
      if (name === 'zstd' && tail === body) continue;
      expect(() => compressors.decompress(Buffer.concat([body, tail]), name)).toThrow(DecodeError);
    }
    expect(() => compressors.decompress(plain, name)).toThrow(DecodeError);
    expect(() => compressors.decompress(Buffer.from(body).fill(0xff, 0, 2), name)).toThrow(DecodeError);
  });

  it('refuses bytes behind true gzip', () => {
    const padded = Buffer.concat([zlib.gzipSync('ab'), Buffer.alloc(8)]);
    expect(() => compressors.decompress(padded, 'gzip')).toThrow('8 bytes follow');
  });

  it('throws nothing else, whatever it is given', () => {
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.uint8Array(), fc.nat(20), fc.nat(255), (name, noise, at, byte) => {
        const damaged = Buffer.from(compressors.compress(plain, name).body);
        damaged[at] = byte;
        for (const body of [Buffer.from(noise), damaged]) {
          try {
            expect(compressors.decompress(body, name)).toBeInstanceOf(Buffer);
          } catch (error) {
            expect(error).toBeInstanceOf(DecodeError);
          }
        }
      }),
    );
  });

  const megabyte = Buffer.alloc(1024 * 1024);
  /** One megabyte of zeros as a deflate block that can be repeated. */
  const block = zlib.deflateRawSync(megabyte, { finishFlush: zlib.constants.Z_FULL_FLUSH });
  const bombs: readonly [string, string, () => Buffer][] = [
    ['a zlib stream', 'gzip', () => Buffer.concat([Buffer.from([0x78, 0x9c]), ...Array<Buffer>(1024).fill(block)])],
    ['gzip members', 'gzip', () => Buffer.concat(Array<Buffer>(1024).fill(zlib.gzipSync(megabyte)))],
    [
      'Brotli',
      'brotli',
      () =>
        zlib.brotliCompressSync(Buffer.alloc(1024 ** 3), {
          params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 1, [zlib.constants.BROTLI_PARAM_LGWIN]: 24 },
        }),
    ],
  ];

  it.each(bombs)('a bomb of 1 GB as %s is stopped at the limit', (_what, name, make) => {
    const bomb = make();
    const limits = { ...defaultLimits, maxDecompressedBytes: 4 * 1024 * 1024 };
    expect(bomb.length).toBeLessThan(limits.maxDecompressedBytes);
    const before = process.resourceUsage().maxRSS;
    const error = thrownBy(() => compressors.decompress(bomb, name, limits));
    expect(error).toBeInstanceOf(DecodeError);
    expect(error.message).toContain('more than 4194304 bytes (limits.maxDecompressedBytes)');
    // In kilobytes: far below the gigabyte that was asked for.
    expect(process.resourceUsage().maxRSS - before).toBeLessThan(100_000);
  });

  it('gives exactly as much as the limit allows', () => {
    const { body } = compressors.compress(megabyte, 'gzip');
    const limits = { ...defaultLimits, maxDecompressedBytes: megabyte.length };
    expect(compressors.decompress(body, 'gzip', limits)).toHaveLength(megabyte.length);
    expect(() =>
      compressors.decompress(body, 'gzip', { ...limits, maxDecompressedBytes: megabyte.length - 1 }),
    ).toThrow(DecodeError);
    expect(compressors.decompress(body, 'gzip', { ...limits, maxDecompressedBytes: Infinity })).toHaveLength(
      megabyte.length,
    );
    expect(() => compressors.decompress(body, 'gzip', { ...limits, maxDecompressedBytes: 0 })).toThrow(DecodeError);
  });

  it('refuses a compressed body over the limit before it looks at it', () => {
    const limits = { ...defaultLimits, maxBodyBytes: 3 };
    expect(() => compressors.decompress(Buffer.alloc(4), 'gzip', limits)).toThrow('limits.maxBodyBytes');
  });
});

describe('behaviour 20: registering compressors', () => {
  const copy: Compressor = {
    contentType: 'application/x-copy',
    aliases: ['copy', 'cp'],
    compress: (body) => body,
    decompress: (body) => body,
  };

  it('takes a compressor in under all its names, and out again', () => {
    const registry = new CompressorRegistry();
    registry.register(copy);
    for (const name of ['copy', 'cp', 'application/x-copy']) {
      expect(registry.compress(plain, name)).toEqual({ body: plain, contentType: 'application/x-copy' });
      expect(registry.decompress(plain, name)).toBe(plain);
    }
    expect(registry.names()).toEqual([...names, 'copy']);
    registry.unregister('cp');
    expect(registry.names()).toEqual(names);
    expect(() => registry.compress(plain, 'application/x-copy')).toThrow(SerializerNotInstalledError);
    expect(compressors.names()).toEqual(names);
  });

  it('lets a compressor take over a name', () => {
    const registry = new CompressorRegistry();
    registry.register({ ...copy, aliases: ['gzip'] });
    expect(registry.compress(plain, 'gzip').body).toBe(plain);
    expect(registry.compress(plain, 'zlib').contentType).toBe('application/x-gzip');
    registry.unregister('zlib');
    expect(registry.compress(plain, 'gzip').body).toBe(plain);
  });

  it('holds compressors of others to the limit and wraps their errors', () => {
    const registry = new CompressorRegistry();
    registry.register(copy);
    const limits = { ...defaultLimits, maxDecompressedBytes: plain.length - 1 };
    expect(() => registry.decompress(plain, 'copy', limits)).toThrow('limits.maxDecompressedBytes');
    registry.register({ ...copy, compress: fail, decompress: fail });
    const cause = expect.objectContaining({ message: 'inner' }) as unknown;
    const encodeError = thrownBy(() => registry.compress(plain, 'copy'));
    expect(encodeError).toBeInstanceOf(EncodeError);
    expect(encodeError).toMatchObject({ cause });
    const decodeError = thrownBy(() => registry.decompress(plain, 'copy'));
    expect(decodeError).toBeInstanceOf(DecodeError);
    expect(decodeError).toMatchObject({ cause });
  });

  it('refuses a compressor without a content type', () => {
    expect(() => new CompressorRegistry().register({ ...copy, contentType: 'copy' })).toThrow(InvalidArgumentError);
  });
});
