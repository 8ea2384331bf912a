import * as fc from 'fast-check';
import { jsonSerializer } from '../../src/codec/builtin-serializers.ts';
import { JsonCodec } from '../../src/codec/json.ts';
import { defaultLimits } from '../../src/codec/limits.ts';
import type { Serializer } from '../../src/codec/serializer.ts';
import { SerializerRegistry, serializers } from '../../src/codec/serializers.ts';
import {
  ContentDisallowedError,
  DecodeError,
  EncodeError,
  InvalidArgumentError,
  SerializerNotInstalledError,
} from '../../src/errors.ts';
import { python, thrownBy } from './python/fixtures.ts';

/** A serializer that reverses text. */
const reverse: Serializer = {
  name: 'reverse',
  contentType: 'application/x-reverse',
  contentEncoding: 'utf-8',
  encode: (value) => (value as string).split('').toReversed().join(''),
  decode: (body) => body.toString().split('').toReversed().join(''),
};
const body = Buffer.from('{"a":1}');
const fail = (): never => {
  throw new TypeError('inner');
};

describe('behaviour 19: which content types are decoded', () => {
  it('enables json, text and raw data only', () => {
    const registry = new SerializerRegistry();
    expect(registry.names()).toEqual(['json', 'text', 'raw']);
    expect(registry.loads(body, 'application/json', 'utf-8')).toEqual({ a: 1 });
    expect(registry.loads(body, 'text/plain', 'utf-8')).toBe('{"a":1}');
    expect(registry.loads(body, 'application/data', 'binary')).toBe(body);
    for (const type of ['application/x-yaml', 'application/x-msgpack', 'application/x-python-serialize']) {
      expect(() => registry.loads(body, type, 'binary')).toThrow(ContentDisallowedError);
    }
  });

  it('refuses a disabled type until it is forced, accepted or enabled', () => {
    const registry = new SerializerRegistry();
    registry.register(reverse, { enabled: false });
    const load = (options?: object): unknown =>
      registry.loads(Buffer.from('abc'), reverse.contentType, 'utf-8', options);
    expect(() => load()).toThrow(ContentDisallowedError);
    expect(load({ force: true })).toBe('cba');
    expect(load({ accept: registry.acceptedTypes(['reverse']) })).toBe('cba');
    expect(load({ accept: registry.acceptedTypes(['application/x-reverse']) })).toBe('cba');
    registry.enable('reverse');
    expect(load()).toBe('cba');
    registry.disable('application/x-reverse');
    expect(load).toThrow('reverse (application/x-reverse)');
    expect(registry.dumps('abc', 'reverse').body.toString()).toBe('cba');
  });

  it('can disable json, and types that nothing is registered for', () => {
    const registry = new SerializerRegistry();
    registry.disable('json');
    registry.disable('image/png');
    expect(() => registry.loads(body, 'application/json', 'utf-8')).toThrow(ContentDisallowedError);
    expect(() => registry.loads(body, 'image/png', 'binary')).toThrow(ContentDisallowedError);
    registry.enable('image/png');
    expect(registry.loads(body, 'image/png', 'binary')).toBe(body);
  });

  it('lets nothing but the list and raw data through an accept list', () => {
    const none = { accept: serializers.acceptedTypes([]), force: true };
    expect(serializers.loads(body, 'application/data', 'binary', none)).toBe(body);
    expect(serializers.loads(body, 'application/text', 'utf-8', none)).toBe('{"a":1}');
    expect(serializers.loads(body, undefined, 'binary', none)).toBe(body);
    for (const type of ['application/json', 'text/plain', 'image/png']) {
      expect(() => serializers.loads(body, type, 'utf-8', none)).toThrow(ContentDisallowedError);
    }
    const json = { accept: serializers.acceptedTypes(['json']) };
    expect(serializers.loads(body, 'application/json', 'utf-8', json)).toEqual({ a: 1 });
    expect(thrownBy(() => serializers.loads(body, 'text/plain', 'utf-8', json)).message).toContain('application/json');
  });

  it('looks at the type before the body', () => {
    const accept = serializers.acceptedTypes(['json']);
    expect(() => serializers.loads(Buffer.alloc(0), 'text/plain', 'utf-8', { accept })).toThrow(ContentDisallowedError);
  });

  it('takes upper case and parameters of a content type for what they are', () => {
    const accept = serializers.acceptedTypes(['Application/JSON']);
    for (const type of [
      'application/json',
      'Application/JSON',
      'application/json; charset=utf-8',
      ' application/json ;x',
    ]) {
      expect(serializers.loads(body, type, 'UTF-8', { accept })).toEqual({ a: 1 });
    }
    expect(() => serializers.loads(body, 'APPLICATION/X-PYTHON-SERIALIZE;', 'binary')).toThrow('pickle');
  });

  it('translates names and types', () => {
    expect([...serializers.acceptedTypes(['json', 'text', 'raw', 'a/b', 'pickle'])]).toEqual([
      'application/json',
      'text/plain',
      'application/data',
      'a/b',
      'application/x-python-serialize',
    ]);
    expect(serializers.nameToType('json')).toBe('application/json');
    expect(serializers.nameToType('yaml')).toBe('application/x-yaml');
    expect(serializers.typeToName('application/json')).toBe('json');
    expect(serializers.typeToName('application/x-msgpack')).toBe('msgpack');
    expect(serializers.typeToName('a/b')).toBeUndefined();
  });

  it.each([
    ['jsom', 'did you mean json?'],
    ['JSON', 'did you mean json?'],
    ['protobuf', 'serializers.register()'],
    ['yaml', 'npm install @kombu/serializer-yaml'],
    ['msgpack', 'npm install @kombu/serializer-msgpack'],
  ])('names the way out for %s', (name, hint) => {
    for (const use of [
      () => serializers.acceptedTypes(['json', name]),
      () => serializers.dumps(1, name),
      () => serializers.unregister(name),
      () => new SerializerRegistry().enable(name),
    ]) {
      const error = thrownBy(use);
      expect(error).toBeInstanceOf(SerializerNotInstalledError);
      expect(error.message).toContain(hint);
    }
  });
});

describe('behaviour 19: pickle', () => {
  const pickled = Buffer.from(python.bodies.find(({ name }) => name === 'pickle')?.base64 ?? '', 'base64');
  const type = 'application/x-python-serialize';

  it.each<[string, () => unknown]>([
    ['without an accept list', () => serializers.loads(pickled, type, 'binary')],
    ['forced', () => serializers.loads(pickled, type, 'binary', { force: true })],
    ['accepted', () => serializers.loads(pickled, type, 'binary', { accept: serializers.acceptedTypes(['pickle']) })],
    ['empty', () => serializers.loads(Buffer.alloc(0), type, 'binary', { force: true })],
    ['written', () => serializers.dumps({ a: 1 }, 'pickle')],
    ['enabled', () => new SerializerRegistry().enable('pickle')],
    ['registered by name', () => new SerializerRegistry().register({ ...reverse, name: 'pickle' })],
    ['registered by type', () => new SerializerRegistry().register({ ...reverse, contentType: type })],
  ])('is refused with the reason: %s', (_how, use) => {
    const error = thrownBy(use);
    expect(error).toBeInstanceOf(ContentDisallowedError);
    expect(error.message).toMatch(/executes code.*serializer='json'/);
  });
});

describe('behaviour 19: what a body without a serializer decodes to', () => {
  it.each(python.bodies.filter(({ name }) => !['pickle', 'yaml'].includes(name)))(
    'reads and writes the body $name as Python does',
    ({ name, contentType, contentEncoding, base64 }) => {
      const bytes = Buffer.from([0xff, 0]);
      const values: Record<string, [unknown, string?]> = {
        text: ['wörld'],
        bytes: [bytes],
        'raw text': ['wörld', 'raw'],
        'raw bytes': [bytes, 'raw'],
        'json string': ['x', 'json'],
        none: [null],
      };
      const [value, serializer] = values[name] ?? [];
      const encoded = Buffer.from(base64, 'base64');
      expect(serializers.dumps(value, serializer)).toStrictEqual({ contentType, contentEncoding, body: encoded });
      expect(serializers.loads(encoded, contentType, contentEncoding)).toStrictEqual(value);
    },
  );

  it('takes a missing type for raw data and a missing encoding for utf-8', () => {
    expect(serializers.loads(Buffer.from('wörld'), undefined, undefined)).toBe('wörld');
    expect(serializers.loads(Buffer.from('wörld'), '', '')).toBe('wörld');
  });

  it.each(['binary', 'Binary', 'ascii-8bit', 'ASCII-8BIT'])('leaves %s as bytes', (encoding) => {
    const bytes = Buffer.from([0xff]);
    expect(serializers.loads(bytes, 'image/png', encoding)).toBe(bytes);
    expect(serializers.loads(bytes, 'text/plain', encoding)).toBe(bytes);
  });

  it.each([
    ['utf-8', 'wö', [0x77, 0xc3, 0xb6]],
    ['UTF8', 'ö', [0xc3, 0xb6]],
    ['us-ascii', 'w', [0x77]],
    ['latin-1', 'ö\x80', [0xf6, 0x80]],
    ['ISO-8859-1', 'ö\x80', [0xf6, 0x80]],
    ['iso_8859_1', 'ö\x80', [0xf6, 0x80]],
    ['cp1252', '€Ÿ', [0x80, 0x9f]],
    ['Windows-1252', 'ö’', [0xf6, 0x92]],
    ['utf-16-le', 'ö', [0xf6, 0]],
    ['utf-16be', 'ö', [0, 0xf6]],
    ['utf-16', 'ö', [0xff, 0xfe, 0xf6, 0]],
    ['utf-16', 'ö', [0xfe, 0xff, 0, 0xf6]],
    ['koi8-r', 'ж', [0xd6]],
    ['shift_jis', 'あ', [0x82, 0xa0]],
  ])('reads %s', (encoding, text, bytes) => {
    expect(serializers.loads(Buffer.from(bytes), 'text/plain', encoding)).toBe(text);
  });

  it.each([
    ['utf-8', [0xff]],
    ['utf-8', [0xed, 0xa0, 0x80]],
    ['ascii', [0x80]],
    ['utf-16le', [0x00, 0xd8]],
    ['gzip', [0x1f]],
    ['constructor', [0]],
    ['x'.repeat(1000), [0]],
  ])('refuses what is no %s, in a short message', (encoding, bytes) => {
    const error = thrownBy(() => serializers.loads(Buffer.from(bytes), 'a/b', encoding));
    expect(error).toBeInstanceOf(DecodeError);
    expect(error.message.length).toBeLessThan(250);
  });

  it('keeps a replacement character that the sender wrote', () => {
    expect(serializers.loads(Buffer.from('a\uFFFD'), 'text/plain', 'utf-8')).toBe('a\uFFFD');
    expect(serializers.loads(Buffer.from('\uFEFFa'), 'text/plain', 'utf-8')).toBe('\uFEFFa');
  });

  it('never gives an empty body to a serializer', () => {
    const empty = Buffer.alloc(0);
    expect(serializers.loads(empty, 'application/json', 'utf-8')).toBe('');
    expect(serializers.loads(empty, undefined, undefined)).toBe('');
    expect(serializers.loads(empty, 'application/data', 'binary')).toBe(empty);
  });

  it('round-trips strings, bytes and everything else without a serializer name', () => {
    const wellFormed = fc.array(fc.nat(0xd7_ff)).map((codes) => String.fromCodePoint(...codes));
    const bytes = fc.uint8Array().map((array) => Buffer.from(array));
    fc.assert(
      fc.property(fc.oneof(wellFormed, bytes, fc.integer(), fc.array(wellFormed)), (value) => {
        const { body: encoded, contentType, contentEncoding } = serializers.dumps(value);
        expect(serializers.loads(encoded, contentType, contentEncoding)).toStrictEqual(value);
      }),
    );
  });
});

describe('behaviour 20: errors of serializers', () => {
  const registry = new SerializerRegistry();
  registry.register({ ...reverse, name: 'broken', contentType: 'application/x-broken', encode: fail, decode: fail });

  it('wraps them with their cause', () => {
    const cause = expect.objectContaining({ message: 'inner' }) as unknown;
    const encodeError = thrownBy(() => registry.dumps(1, 'broken'));
    expect(encodeError).toBeInstanceOf(EncodeError);
    expect(encodeError).toMatchObject({ code: 'ENCODE_FAILED', cause });
    const decodeError = thrownBy(() => registry.loads(body, 'application/x-broken', 'utf-8'));
    expect(decodeError).toBeInstanceOf(DecodeError);
    expect(decodeError).toMatchObject({ code: 'DECODE_FAILED', cause });
  });

  it.each<[string, Buffer]>([
    ['truncated', Buffer.from('{"a":')],
    ['invalid UTF-8', Buffer.from([0x22, 0xff, 0x22])],
    ['a surrogate in UTF-8', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])],
    ['UTF-16', Buffer.from('{}', 'utf16le')],
    ['a pickle', Buffer.from([0x80, 4, 0x95])],
  ])('refuses %s as json', (_what, bytes) => {
    expect(() => serializers.loads(bytes, 'application/json', 'utf-8')).toThrow(DecodeError);
  });

  it('refuses what a serializer cannot write', () => {
    expect(() => serializers.dumps('\ud800')).toThrow(EncodeError);
    expect(() => serializers.dumps(1, 'text')).toThrow(EncodeError);
    expect(() => serializers.dumps({}, 'raw')).toThrow(EncodeError);
    expect(() => serializers.dumps(undefined)).toThrow(EncodeError);
    expect(() => serializers.dumps(new Float64Array(1))).toThrow(EncodeError);
    const odd = new SerializerRegistry();
    odd.register({ ...reverse, encode: () => 5 as unknown as string });
    expect(() => odd.dumps('a', 'reverse')).toThrow(EncodeError);
  });

  it('refuses a body over the limit before it decodes it', () => {
    const limits = { ...defaultLimits, maxBodyBytes: 6 };
    for (const type of ['application/json', 'text/plain', 'a/b', 'application/x-broken']) {
      expect(() => registry.loads(body, type, 'utf-8', { limits })).toThrow('limits.maxBodyBytes');
    }
    expect(serializers.loads(body, 'application/json', 'utf-8', { limits: { ...limits, maxBodyBytes: 7 } })).toEqual({
      a: 1,
    });
  });

  it('hands the depth limit to the serializer', () => {
    const limits = { ...defaultLimits, maxDepth: 1 };
    expect(() => serializers.loads(Buffer.from('[[]]'), 'application/json', 'utf-8', { limits })).toThrow(DecodeError);
  });

  it.each(['yaml', 'msgpack'])('says that %s is missing only when it is used', (name) => {
    const type = serializers.nameToType(name);
    for (const options of [{ force: true }, { accept: serializers.acceptedTypes([type]) }]) {
      const error = thrownBy(() => serializers.loads(body, type, 'utf-8', options));
      expect(error).toMatchObject({ code: 'SERIALIZER_NOT_INSTALLED' });
      expect(error.message).toContain(`npm install @kombu/serializer-${name}`);
    }
  });
});

describe('behaviour 20: registering serializers', () => {
  it('takes a serializer in, and out again', () => {
    const registry = new SerializerRegistry();
    registry.register(reverse);
    const dumped = registry.dumps('abc', 'reverse');
    expect(dumped).toEqual({
      contentType: 'application/x-reverse',
      contentEncoding: 'utf-8',
      body: Buffer.from('cba'),
    });
    expect(registry.loads(dumped.body, dumped.contentType, dumped.contentEncoding)).toBe('abc');
    registry.unregister('reverse');
    expect(registry.loads(dumped.body, dumped.contentType, dumped.contentEncoding)).toBe('cba');
    expect(() => registry.dumps('abc', 'reverse')).toThrow(SerializerNotInstalledError);
    expect(serializers.names()).not.toContain('reverse');
  });

  it('lets a package bring yaml, disabled or not, and falls back when it is taken out', () => {
    const registry = new SerializerRegistry();
    const yaml = { ...reverse, name: 'yaml', contentType: 'application/x-yaml' };
    registry.register(yaml, { enabled: false });
    expect(() => registry.loads(body, yaml.contentType, 'utf-8')).toThrow(ContentDisallowedError);
    expect(registry.loads(body, yaml.contentType, 'utf-8', { accept: registry.acceptedTypes(['yaml']) })).toBe(
      '}1:"a"{',
    );
    registry.register(yaml);
    expect(registry.loads(body, yaml.contentType, 'utf-8')).toBe('}1:"a"{');
    registry.unregister('yaml');
    expect(() => registry.loads(body, yaml.contentType, 'utf-8')).toThrow(ContentDisallowedError);
  });

  it('replaces a serializer of the same name, whatever its type was', () => {
    const registry = new SerializerRegistry();
    registry.register(reverse);
    registry.register({ ...reverse, contentType: 'a/other' });
    expect(registry.nameToType('reverse')).toBe('a/other');
    expect(registry.typeToName('application/x-reverse')).toBeUndefined();
    registry.register(jsonSerializer(new JsonCodec({ bigints: 'bigint' })));
    expect(registry.loads(Buffer.from('9007199254740993'), 'application/json', 'utf-8')).toBe(9007199254740993n);
    expect(registry.names()).toEqual(['text', 'raw', 'reverse', 'json']);
  });

  it('sends bytes of a serializer as they are, a plain Uint8Array included', () => {
    const registry = new SerializerRegistry();
    const bytes = new Uint8Array([9, 1, 2, 9]).subarray(1, 3);
    registry.register({ ...reverse, encode: () => bytes });
    expect(registry.dumps(1, 'reverse').body).toStrictEqual(Buffer.from([1, 2]));
  });

  it.each([
    ['', 'a/b'],
    ['a/b', 'a/b'],
    ['name', 'no-type'],
  ])('refuses the name %j with the type %j', (name, contentType) => {
    expect(() => new SerializerRegistry().register({ ...reverse, name, contentType })).toThrow(InvalidArgumentError);
  });
});
