/**
 * For tests of applications and of transports: the in-memory transport, the conformance suites, fault injection, a ledger
 * that proves that nothing was lost, a leak probe and a manual clock.
 *
 * @module
 */
export * from './conformance/index.ts';
export { FaultScript } from './fault/fault-script.ts';
export type { Fault, FaultCall, FaultOptions, FaultRule } from './fault/fault-script.ts';
export {
  changeAnswer,
  delayAnswer,
  delayRequest,
  failAfter,
  failBefore,
  hangAfter,
  hangBefore,
  partialPut,
  pretend,
} from './fault/faults.ts';
export type { MakeError } from './fault/faults.ts';
export type { ChannelMethod, TransportMethod } from './fault/faulty-connection.ts';
export { faultyStore } from './fault/faulty-store.ts';
export type { StoreFaultRule, StoreMethod } from './fault/faulty-store.ts';
export { FaultyTransport } from './fault/faulty-transport.ts';
export type { TransportFaultRule } from './fault/faulty-transport.ts';
export { Gate } from './fault/gate.ts';
export type { Direction, LinkFaults, ProxyLink } from './fault/proxy-link.ts';
export { seeded } from './fault/random.ts';
export { TcpProxy } from './fault/tcp-proxy.ts';
export type { TcpProxyOptions } from './fault/tcp-proxy.ts';
export { LeakProbe } from './leak-probe.ts';
export type { CleanOptions, LeakDifference, LeakProbeOptions } from './leak-probe.ts';
export { Ledger } from './ledger.ts';
export type { LedgerViolation } from './ledger.ts';
export type { LedgerExpectation, PublishEnd } from './ledger-rules.ts';
export { ManualClock } from './manual-clock.ts';
export type { ManualClockOptions } from './manual-clock.ts';
export type { MemoryBroker, MemoryQueueCounts } from './memory/memory-broker.ts';
export type { MemoryTransport, MemoryTransportOptions } from './memory/memory-transport.ts';
export { createMemoryTransport, memoryTransport } from './memory/memory-transport.ts';
/** What the registry looks for when a URL names a scheme of this package. */
export { memoryTransport as transport } from './memory/memory-transport.ts';
