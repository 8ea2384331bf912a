import { basicAck, basicReject, frameEnd, frameMethod } from './methods.ts';
import type { WriteBuffer } from './write-buffer.ts';

/** `multiple`: this delivery and all before it on the channel. */
export function writeAck(out: WriteBuffer, channel: number, tag: number, multiple: boolean): void {
  writeSettlement(out, channel, basicAck, tag, multiple ? 1 : 0);
}

export function writeReject(out: WriteBuffer, channel: number, tag: number, requeue: boolean): void {
  writeSettlement(out, channel, basicReject, tag, requeue ? 1 : 0);
}

function writeSettlement(out: WriteBuffer, channel: number, method: number, tag: number, bits: number): void {
  out.uint8(frameMethod);
  out.uint16(channel);
  out.uint32(13);
  out.uint32(method);
  out.uint64(tag);
  out.uint8(bits);
  out.uint8(frameEnd);
}
