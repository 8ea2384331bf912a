import { CompressorRegistry } from '../../src/codec/compression.ts';
import { SerializerRegistry } from '../../src/codec/serializers.ts';
import { PlainDate, PlainDateTime } from '../../src/codec/value-types.ts';
import { itWithPython, runPython } from './python/interpreter.ts';

const compressors = new CompressorRegistry();
const serializers = new SerializerRegistry();

describe('Python reads what is written here', () => {
  itWithPython('with the built-in compressors', () => {
    const units = [Buffer.alloc(0), Buffer.from('{"hello": "wörld"}'), Buffer.alloc(256, 'abc')];
    const cases = compressors.names().flatMap((name) =>
      units.map((unit, index) => {
        const times = 1 + 100 * index;
        const { body, contentType } = compressors.compress(Buffer.concat(Array<Buffer>(times).fill(unit)), name);
        const title = `${name} ${index}`;
        return { name: title, unit: unit.toString('base64'), times, contentType, base64: body.toString('base64') };
      }),
    );
    expect(cases.length).toBeGreaterThanOrEqual(6);
    expect(runPython(new URL('python/check_compressed.py', import.meta.url), cases)).toEqual([]);
  });

  itWithPython('with the built-in serializers', () => {
    const values: readonly (readonly [expression: string, value: unknown, serializer: string])[] = [
      ["{'a': [1, 2.5, None, True], 'b': 'wörld'}", { a: [1, 2.5, null, true], b: 'wörld' }, 'json'],
      ["'x'", 'x', 'json'],
      ['2**64', 2n ** 64n, 'json'],
      ["b'\\xff\\x00'", Buffer.from([0xff, 0]), 'json'],
      ["b'text'", Buffer.from('text'), 'json'],
      ['datetime.date(2024, 2, 29)', new PlainDate('2024-02-29'), 'json'],
      ['datetime.datetime(2024, 1, 2, 3, 4, 5, 678901)', new PlainDateTime('2024-01-02T03:04:05.678901'), 'json'],
      ['datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)', new Date(0), 'json'],
      ["'wörld'", 'wörld', 'text'],
      ["b'\\xff\\x00'", Buffer.from([0xff, 0]), 'raw'],
      ["'wörld'", 'wörld', 'raw'],
    ];
    const cases = values.map(([expression, value, serializer]) => {
      const { body, contentType, contentEncoding } = serializers.dumps(value, serializer);
      return { expression, contentType, contentEncoding, base64: body.toString('base64') };
    });
    expect(runPython(new URL('python/check_serialized.py', import.meta.url), cases)).toEqual([]);
  });
});
