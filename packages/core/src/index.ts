/**
 * Messaging with AMQ semantics over any broker.
 *
 * @module
 */
export { binding, Binding } from './client/binding.ts';
export type { BindingJson, BindingOptions } from './client/binding.ts';
export { Channel } from './client/channel.ts';
export { Connection, isConnection, maybeChannel } from './client/connection.ts';
export type { ConnectionHealth } from './client/connection.ts';
export type { ConnectionEvents } from './client/connection-events.ts';
export type { ConnectionInfo } from './client/connection-info.ts';
export type { ConnectionOptions } from './client/connection-options.ts';
export { Consumer } from './client/consumer.ts';
export type { ConsumerOptions, ConsumerRetryPolicy, Handler, Queues } from './client/consumer-options.ts';
export type { DeliveryMode } from './client/delivery-mode.ts';
export type { Unsubscribe } from './client/emitter.ts';
export { Exchange } from './client/exchange.ts';
export type { ExchangeBindOptions, ExchangeJson, ExchangeOptions, ExchangeType } from './client/exchange.ts';
export type { GetMessageOptions } from './client/get-message.ts';
export type { CloseReport, ConsumerHealth, Place } from './client/host.ts';
export { maybeDeclare } from './client/maybe-declare.ts';
export type { DeliveryInfo, Message, MessageState } from './client/message.ts';
export { ChannelPool, ConnectionPool } from './client/pools.ts';
export { Producer } from './client/producer.ts';
export type { ProducerOptions, PublishDefaults, PublishOptions, PublishResult } from './client/publish-options.ts';
export { Queue } from './client/queue.ts';
export type { QueueBindOptions, QueueJson, QueueOptions } from './client/queue.ts';
export { ResourcePool } from './client/resource-pool.ts';
export type { PooledResource, ResourceKind } from './client/resource-pool.ts';
export { SimpleBuffer, SimpleQueue } from './client/simple-queue.ts';
export type { SimpleQueueOptions } from './client/simple-queue.ts';
export type { ConnectionState } from './client/supervisor.ts';

export { compressors, CompressorRegistry } from './codec/compression.ts';
export type { CompressedBody, Compressor } from './codec/compressor.ts';
export { jsonSerializer, rawSerializer, textSerializer } from './codec/builtin-serializers.ts';
export type { LoadOptions } from './codec/acceptance.ts';
export { JsonCodec, jsonCodec } from './codec/json.ts';
export type { JsonCodecOptions } from './codec/json.ts';
export type { JsonType } from './codec/json-types.ts';
export { defaultLimits } from './codec/limits.ts';
export type { CodecLimits } from './codec/limits.ts';
export type { SerializedBody, Serializer } from './codec/serializer.ts';
export { SerializerRegistry, serializers } from './codec/serializers.ts';
export { Decimal, PlainDate, PlainDateTime, PlainTime, Uuid } from './codec/value-types.ts';

export { systemClock } from './clock.ts';
export type { Clock, ClockTimer, Random } from './clock.ts';
export * from './errors.ts';
export { consoleLogger, silentLogger } from './logger.ts';
export type { LogFields, Logger } from './logger.ts';
export { TransportRegistry, transports } from './registry/transport-registry.ts';
export type { TransportRegistryOptions } from './registry/transport-registry.ts';
export { formatUrl, parseUrl, redactText, redactUrl, splitUrls } from './registry/url.ts';
export type { ParsedUrl, UrlParts } from './registry/url.ts';
export type { WaitOptions } from './reliability/deadline.ts';
export type { FailoverStrategy } from './reliability/failover.ts';
export type { RetryPolicy } from './reliability/retry.ts';

export type { Capabilities } from './spi/capabilities.ts';
export type { Arguments, QueueInfo } from './spi/declarations.ts';
export type { Headers, MessageProperties, PublishGuarantee, ReturnedMessage, SettleOutcome } from './spi/envelope.ts';
export type { Transport } from './spi/transport.ts';
