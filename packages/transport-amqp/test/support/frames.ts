/** A frame on the wire. */
export function frameOf(type: number, channel: number, payload: Uint8Array): Buffer {
  const head = Buffer.alloc(7);
  head[0] = type;
  head.writeUInt16BE(channel, 1);
  head.writeUInt32BE(payload.length, 3);
  return Buffer.concat([head, payload, Buffer.from([0xce])]);
}

/** The payload of a method frame; the arguments as hexadecimal digits. */
export function methodOf(classId: number, methodId: number, args: string): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt16BE(classId, 0);
  head.writeUInt16BE(methodId, 2);
  return Buffer.concat([head, Buffer.from(args.replaceAll(' ', ''), 'hex')]);
}
