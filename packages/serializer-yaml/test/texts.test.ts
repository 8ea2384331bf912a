import { readFileSync } from 'node:fs';
import { DecodeError, SerializerRegistry } from '@kombu/core';
import * as fc from 'fast-check';
import { itWithPython, runPython } from '../../core/test/codec/python/interpreter.ts';
import { yamlSerializer } from '../src/index.ts';
import { anyYamlValue } from './any-yaml-value.ts';
import { describeValue } from './describe-value.ts';

interface Case {
  readonly text: string;
  /** Absent: PyYAML raised an error. */
  readonly value?: unknown;
}

const { cases } = JSON.parse(readFileSync(new URL('golden/texts.json', import.meta.url), 'utf8')) as {
  readonly cases: readonly Case[];
};
const registry = new SerializerRegistry();
registry.register(yamlSerializer);
const read = (text: string): unknown => registry.loads(Buffer.from(text, 'utf8'), 'application/x-yaml', 'utf-8');

function outcomeOf(text: string): unknown {
  try {
    return describeValue(read(text));
  } catch (error) {
    if (error instanceof DecodeError) return 'error';
    throw error;
  }
}

/** Texts that are not read as PyYAML reads them, and what they are here. */
const differences = new Map<string, unknown>([
  // The registry does not ask a serializer about an empty body.
  ['', ''],
  // PyYAML skips characters that are not base64.
  ['!!binary 2001-12-14', 'error'],
  ['!!binary ~', 'error'],
  ['!!binary =', 'error'],
  // PyYAML looks at all but the last line break when it resolves a tag.
  ['! |\n  5\n', '5\n'],
  // At the top, PyYAML counts the indentation of a block from 0, and the specification from -1.
  ['|2\n   a\n', '  a\n'],
  // Kombu's JSON drops this key, too.
  ['{__proto__: 1, a: 2}', { map: [['a', describeValue(2)]] }],
  // Errors for PyYAML, and correct in YAML 1.2.
  ['2001-12-14\t21:59:43.1234567', { local: '2001-12-14T21:59:43.123456' }],
  ['...', null],
  ['|\na', 'a'],
  [': a', { map: [[null, 'a']] }],
  [':', { map: [[null, null]] }],
  ['{: a}', { map: [[null, 'a']] }],
  ['a\tb', 'a\tb'],
]);

describe('agrees with PyYAML', () => {
  it('knows enough texts', () => {
    const texts = new Set(cases.map(({ text }) => text));
    expect(texts.size).toBeGreaterThan(800);
    expect([...differences.keys()].filter((text) => !texts.has(text))).toEqual([]);
  });

  it.each(cases.map((one) => [JSON.stringify(one.text), one] as const))('about %s', (_, one) => {
    const { text, value = 'error' } = one;
    const expected = differences.has(text) ? differences.get(text) : value;
    expect(outcomeOf(text)).toEqual(expected);
    if (differences.has(text)) expect(expected).not.toEqual(value);
  });

  itWithPython('about what is written here', () => {
    const values = fc.sample(anyYamlValue, { numRuns: 300, seed: 1 });
    const texts = values.map((value) => registry.dumps(value, 'yaml').body.toString('utf8'));
    const fromPython = runPython(new URL('golden/read.py', import.meta.url), texts);
    expect(fromPython).toEqual(texts.map((text, index) => ({ text, value: describeValue(values[index]) })));
  });
});
