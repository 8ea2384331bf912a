/** The extension type of MessagePack's timestamps. */
export const timestampType = -1;

const nanosecondsPerSecond = 1_000_000_000;

/** Writes an instant in the shortest of the three forms: 4, 8 or 12 bytes. */
export function encodeTimestamp(instant: Date): Buffer {
  const milliseconds = instant.getTime();
  if (Number.isNaN(milliseconds)) throw new Error('the Date is invalid');
  const seconds = Math.floor(milliseconds / 1000);
  const nanoseconds = (milliseconds - seconds * 1000) * 1_000_000;
  if (seconds < 0 || seconds >= 2 ** 34) {
    const long = Buffer.alloc(12);
    long.writeUInt32BE(nanoseconds);
    long.writeBigInt64BE(BigInt(seconds), 4);
    return long;
  }
  if (nanoseconds === 0 && seconds < 2 ** 32) {
    const short = Buffer.alloc(4);
    short.writeUInt32BE(seconds);
    return short;
  }
  const middle = Buffer.alloc(8);
  middle.writeBigUInt64BE((BigInt(nanoseconds) << 34n) | BigInt(seconds));
  return middle;
}

/** Reads one of the three forms. Digits below the millisecond are cut off. */
export function decodeTimestamp(data: Buffer): Date {
  const { seconds, nanoseconds } = partsOf(data);
  const instant = new Date(seconds * 1000 + Math.floor(nanoseconds / 1_000_000));
  if (nanoseconds >= nanosecondsPerSecond || Number.isNaN(instant.getTime())) {
    throw new Error('a timestamp is out of range');
  }
  return instant;
}

function partsOf(data: Buffer): { readonly seconds: number; readonly nanoseconds: number } {
  switch (data.length) {
    case 4:
      return { seconds: data.readUInt32BE(), nanoseconds: 0 };
    case 8: {
      const bits = data.readBigUInt64BE();
      return { seconds: Number(bits & 0x3_ffff_ffffn), nanoseconds: Number(bits >> 34n) };
    }
    case 12:
      return { seconds: Number(data.readBigInt64BE(4)), nanoseconds: data.readUInt32BE() };
    default:
      throw new Error(`a timestamp of ${data.length} bytes, not 4, 8 or 12`);
  }
}
