/**
 * MessagePack for `@kombu/core`.
 *
 * @module
 */
export { MsgpackExtension } from './extension.ts';
export { msgpackSerializer } from './msgpack-serializer.ts';
