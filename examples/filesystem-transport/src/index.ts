/**
 * Queues in folders, in the layout of Kombu's `filesystem` transport.
 *
 * @module
 */
export type { FilesystemOptions } from './options.ts';
export { filesystemTransport, filesystemTransport as transport } from './transport.ts';
