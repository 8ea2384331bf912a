import { types } from 'node:util';
import { PlainDate, PlainDateTime } from '@kombu/core';

/** A value as `make_texts.py` describes what Python read. */
export function describeValue(value: unknown): unknown {
  if (typeof value === 'number') return { number: Number.isNaN(value) ? 'nan' : hexOf(value) };
  if (typeof value === 'bigint') return { bigint: String(value) };
  if (typeof value !== 'object' || value === null) return value;
  if (Buffer.isBuffer(value)) return { bytes: value.toString('base64') };
  if (types.isDate(value)) return { instant: value.toISOString().replace('Z', '+00:00') };
  if (value instanceof PlainDate) return { date: value.text };
  if (value instanceof PlainDateTime) return { local: localText(value) };
  if (Array.isArray(value)) return value.map((item) => describeValue(item));
  if (types.isSet(value)) {
    const items = Array.from(value, (item) => describeValue(item));
    return { set: items.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)) };
  }
  const pairs = types.isMap(value) ? [...value] : Object.entries(value);
  return { map: pairs.map(([key, item]) => [describeValue(key), describeValue(item)]) };
}

function hexOf(value: number): string {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return bytes.toString('hex');
}

/** As Python's isoformat: six digits of a second, or none. */
function localText({ text }: PlainDateTime): string {
  const [seconds = '', fraction = ''] = text.split('.');
  return Number(fraction) === 0 ? seconds : `${seconds}.${fraction.padEnd(6, '0')}`;
}
