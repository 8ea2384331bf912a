import type { Serializer } from '@kombu/core';
import { MsgpackReader } from './msgpack-reader.ts';
import { MsgpackWriter } from './msgpack-writer.ts';

/**
 * MessagePack, Kombu's `msgpack`: what Python writes with `packb(use_bin_type=True)` and reads with `unpackb(raw=False)`.
 *
 * | JavaScript | MessagePack | Python |
 * |---|---|---|
 * | safe integer | int of the fewest bytes | `int` |
 * | `bigint`; read beyond 2^53 only | int, up to 64 bits | `int` |
 * | other number | float 64 | `float` |
 * | string | str | `str` |
 * | `Buffer` (writing: any `Uint8Array`) | bin | `bytes` |
 * | array | array | `list` |
 * | object (writing: also a `Map` with keys that are strings) | map | `dict` |
 * | `Date`; digits below the millisecond are cut off on reading | timestamp extension | `msgpack.Timestamp` |
 * | {@link MsgpackExtension} | other extension | `msgpack.ExtType` |
 *
 * As in JSON, undefined, functions and symbols are left out of objects and become null in arrays, and `toJSON` is
 * honoured. Keys that are not strings are errors in both directions, as in Python; keys named `__proto__` are dropped.
 */
export const msgpackSerializer: Serializer = {
  name: 'msgpack',
  contentType: 'application/x-msgpack',
  contentEncoding: 'binary',
  encode: (value) => new MsgpackWriter().write(value),
  decode: (body, _contentEncoding, limits) => new MsgpackReader(body, limits).read(),
};
