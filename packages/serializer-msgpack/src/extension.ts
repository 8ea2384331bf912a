import { InvalidArgumentError } from '@kombu/core';

/** A value of a type that MessagePack leaves to applications, Python's `msgpack.ExtType`. */
export class MsgpackExtension {
  /** From 0 to 127; the negative ones belong to MessagePack. */
  readonly type: number;
  readonly data: Uint8Array;

  /** @throws InvalidArgumentError when the type is out of range. */
  constructor(type: number, data: Uint8Array) {
    if (!Number.isInteger(type) || type < 0 || type > 127) {
      throw new InvalidArgumentError(`Not a type of a MessagePack extension: ${type}. Applications have 0 to 127.`);
    }
    this.type = type;
    this.data = data;
  }
}
