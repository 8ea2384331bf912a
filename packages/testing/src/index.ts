export type { MemoryBroker, MemoryQueueCounts } from './memory/memory-broker.ts';
export type { MemoryTransport, MemoryTransportOptions } from './memory/memory-transport.ts';
export { createMemoryTransport, memoryTransport } from './memory/memory-transport.ts';
