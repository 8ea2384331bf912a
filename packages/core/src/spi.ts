/**
 * `@kombu/core/spi`: what an author of a transport needs. Level 1 (`Transport`) for brokers that speak AMQ semantics
 * themselves, level 2 (`QueueStore` with `defineVirtualTransport`) for anything that can hold a queue. Authors of serializers
 * find here what the built-in ones do with instances of classes.
 *
 * @module
 */
export type { Clock, ClockTimer, Random } from './clock.ts';
export { systemClock } from './clock.ts';
export { silentLogger } from './logger.ts';
export type { LogFields, Logger } from './logger.ts';
export * from './errors.ts';
export type { Capabilities } from './spi/capabilities.ts';
export type {
  Arguments,
  BindingDeclaration,
  ConsumeOptions,
  ConsumeResult,
  ExchangeDeclaration,
  QueueDeclaration,
  QueueInfo,
} from './spi/declarations.ts';
export type {
  Delivery,
  DeliveryTag,
  Envelope,
  Headers,
  MessageProperties,
  PublishGuarantee,
  ReturnedMessage,
  Route,
  SettleOutcome,
} from './spi/envelope.ts';
export type {
  BindingStore,
  GetOptions,
  OutgoingMessage,
  PutFailure,
  BroadcastMessage,
  QueueStore,
  StoredMessage,
} from './spi/queue-store.ts';
export type {
  ChannelEvents,
  PublishWaiter,
  Target,
  Transport,
  TransportChannel,
  TransportConnection,
  TransportContext,
} from './spi/transport.ts';
export { insteadOf, isReducible } from './codec/instances.ts';
export { formatPath } from './codec/json-path.ts';
export type { JsonPath } from './codec/json-path.ts';
export { checkKeys, readBoolean, readChoice, readInteger, readText } from './registry/options.ts';
export { readTlsOptions } from './registry/tls-options.ts';
export { parseUrl, redactText, redactUrl } from './registry/url.ts';
export type { ParsedUrl } from './registry/url.ts';
export { classifySystemError } from './system-errors.ts';
export type { Deadline } from './reliability/deadline.ts';
export { DeadlineTimer } from './reliability/deadline.ts';
export type { Linked } from './reliability/linked-list.ts';
export { LinkedList } from './reliability/linked-list.ts';
export { Router } from './routing/router.ts';
export { TopicTrie } from './routing/topic-trie.ts';
export type { KombuBinding } from './routing/kombu-binding.ts';
export { fromKombuBinding, isKombuBinding, toKombuBinding } from './routing/kombu-binding.ts';
export { kombuTopicPattern } from './routing/topic-pattern.ts';
export type { VirtualBackend, VirtualCapabilities, VirtualTransportDefinition } from './virtual/define.ts';
export { defineVirtualTransport } from './virtual/define.ts';
export { putEach } from './virtual/put-each.ts';
export type { TopologyOptions } from './virtual/topology.ts';
export { Topology } from './virtual/topology.ts';
