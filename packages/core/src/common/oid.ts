import { createHash, randomBytes } from 'node:crypto';
import { threadId } from 'node:worker_threads';

/** Of RFC 4122, appendix C. */
const namespaceOid = Buffer.from('6ba7b8129dad11d180b400c04fd430c8', 'hex');
const nodeId = randomBytes(16).toString('hex');
const instances = new WeakMap<object, number>();
let count = 0;

/**
 * A UUID for an object of this process: the same each time, and another in each process and thread. As
 * `kombu.common.oid_from`.
 */
export function oidFrom(instance: object): string {
  let number = instances.get(instance);
  if (number === undefined) instances.set(instance, (number = count += 1));
  return uuidOf(`${nodeId}-${process.pid.toString(16)}-${threadId.toString(16)}-${number.toString(16)}`);
}

/** Version 3: the MD5 of a name within a namespace. */
function uuidOf(name: string): string {
  const bytes = createHash('md5').update(namespaceOid).update(name).digest();
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x30;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
