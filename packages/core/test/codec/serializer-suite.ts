import { readFileSync, writeFileSync } from 'node:fs';
import type { Serializer } from '../../src/codec/serializer.ts';
import { SerializerRegistry } from '../../src/codec/serializers.ts';
import { itWithPython, runPython } from './python/interpreter.ts';

/** A body, and a Python expression for the value in it. */
interface GoldenBody {
  readonly expression: string;
  readonly contentType: string;
  readonly contentEncoding: string;
  readonly base64: string;
}

export interface SerializerSubject {
  readonly serializer: Serializer;
  /** The folder of `python.json`, which `make.py` made, and of `ours.json`, which is made by KOMBU_GOLDEN=write. */
  readonly golden: URL;
  /** The values of Python's expressions in JavaScript. */
  readonly values: ReadonlyMap<string, unknown>;
  /** Expressions of values that are written as something else, which Python takes for the same or cannot tell. */
  readonly otherwise?: ReadonlySet<string>;
}

/** Bodies from Python are read here, and ours there; the bytes are the same. */
export function describeGoldenBodies({ serializer, golden, values, otherwise = new Set() }: SerializerSubject): void {
  const registry = new SerializerRegistry();
  registry.register(serializer);
  const fromPython = (JSON.parse(readFileSync(new URL('python.json', golden), 'utf8')) as { cases: GoldenBody[] })
    .cases;
  const ours = [...values].map(([expression, value]): GoldenBody => {
    const { body, contentType, contentEncoding } = registry.dumps(value, serializer.name);
    return { expression, contentType, contentEncoding, base64: body.toString('base64') };
  });

  describe(`${serializer.name}: golden bodies`, () => {
    it('knows all values that Python wrote', () => {
      expect([...values.keys()]).toEqual(fromPython.map(({ expression }) => expression));
    });

    it.each(fromPython.map((one) => [one.expression, one] as const))('reads Python %.60s', (expression, one) => {
      const body = Buffer.from(one.base64, 'base64');
      const value = registry.loads(body, one.contentType, one.contentEncoding);
      expect(value).toStrictEqual(values.get(expression));
    });

    it('writes the bodies of ours.json', () => {
      const file = new URL('ours.json', golden);
      if (process.env['KOMBU_GOLDEN'] === 'write') writeFileSync(file, `${JSON.stringify(ours, null, 2)}\n`);
      expect(ours).toEqual(JSON.parse(readFileSync(file, 'utf8')));
    });

    it('writes the same bytes as Python', () => {
      const differing = ours.filter(({ base64 }, index) => base64 !== fromPython[index]?.base64);
      expect(differing.map(({ expression }) => expression)).toEqual([...otherwise]);
    });

    itWithPython('Python reads what is written here', () => {
      expect(ours.length).toBeGreaterThan(20);
      expect(runPython(new URL('python/check_serialized.py', import.meta.url), ours)).toEqual([]);
    });
  });
}
