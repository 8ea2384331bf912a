import { DecodeError } from '@kombu/core';
import type { Serializer } from '@kombu/core';
import { parse } from './yaml-parser.ts';
import { YamlReader } from './yaml-reader.ts';
import { textOf } from './yaml-text.ts';
import { YamlWriter } from './yaml-writer.ts';

/** What a character of YAML can take in memory while it is read, in characters of JSON. */
const weight = 8;

/**
 * YAML 1.1, Kombu's `yaml`: what Python writes with PyYAML's `safe_dump` and reads with `safe_load`.
 *
 * | JavaScript | YAML | Python |
 * |---|---|---|
 * | safe integer; `bigint`, read beyond 2^53 only | int | `int` |
 * | other number | float | `float` |
 * | string | str | `str` |
 * | `Buffer` (writing: any `Uint8Array`) | `!!binary` | `bytes` |
 * | `Date`; digits below the millisecond are cut off on reading | timestamp with offset | aware `datetime` |
 * | `PlainDateTime` | timestamp without offset | naive `datetime` |
 * | `PlainDate` | timestamp without time | `date` |
 * | array | seq | `list` |
 * | array of `[key, value]`, reading only | `!!omap`, `!!pairs` | `list` of tuples |
 * | object; `Map`, read when not all keys are strings | map | `dict` |
 * | `Set` | `!!set` | `set` |
 *
 * As in JSON, undefined, functions and symbols are left out of objects and become null in arrays, `toJSON` is honoured,
 * and keys named `__proto__` are dropped on reading. Any other tag, such as `!!python/object`, is an error.
 */
export const yamlSerializer: Serializer = {
  name: 'yaml',
  contentType: 'application/x-yaml',
  contentEncoding: 'utf-8',
  encode: (value) => new YamlWriter().write(value),
  decode(body, _contentEncoding, limits) {
    const allowed = Math.floor(limits.maxBodyBytes / weight);
    if (body.length > allowed) {
      throw new DecodeError(
        `The YAML body has ${body.length} bytes, ${allowed} are allowed: an eighth of limits.maxBodyBytes, for YAML can take so much more memory.`,
      );
    }
    const text = textOf(body);
    const events = parse(text, limits.maxDepth);
    return events.length === 0 ? null : new YamlReader(text, events, limits).read();
  },
};
