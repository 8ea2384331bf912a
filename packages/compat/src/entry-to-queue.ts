import { Exchange, Queue, type Arguments, type DeliveryMode, type ExchangeType } from '@kombu/core';

/** A queue as carrot's settings describe it. */
export interface QueueEntry {
  readonly exchange?: string | undefined;
  /** @default 'direct' */
  readonly exchangeType?: ExchangeType | undefined;
  /** The routing key of the binding; `routingKey` is another name for it. */
  readonly bindingKey?: string | undefined;
  readonly routingKey?: string | undefined;
  /** Of both, unless one says otherwise. @default true */
  readonly durable?: boolean | undefined;
  readonly exchangeDurable?: boolean | undefined;
  readonly queueDurable?: boolean | undefined;
  /** Of both, unless one says otherwise. @default false */
  readonly autoDelete?: boolean | undefined;
  readonly exchangeAutoDelete?: boolean | undefined;
  readonly queueAutoDelete?: boolean | undefined;
  readonly exclusive?: boolean | undefined;
  readonly deliveryMode?: DeliveryMode | undefined;
  readonly exchangeArguments?: Arguments | undefined;
  readonly queueArguments?: Arguments | undefined;
  readonly bindingArguments?: Arguments | undefined;
}

/** The queue that carrot's settings describe. As `kombu.compat.entry_to_queue`. */
export function entryToQueue<T = unknown>(name: string, entry: QueueEntry = {}): Queue<T> {
  const { durable = true, autoDelete = false } = entry;
  const exchange = new Exchange<T>(entry.exchange ?? '', {
    type: entry.exchangeType ?? 'direct',
    durable: entry.exchangeDurable ?? durable,
    autoDelete: entry.exchangeAutoDelete ?? autoDelete,
    deliveryMode: entry.deliveryMode,
    arguments: entry.exchangeArguments ?? {},
  });
  return new Queue<T>(name, {
    exchange,
    routingKey: entry.bindingKey ?? entry.routingKey ?? '',
    durable: entry.queueDurable ?? durable,
    exclusive: entry.exclusive ?? false,
    autoDelete: entry.queueAutoDelete ?? autoDelete,
    queueArguments: entry.queueArguments ?? {},
    bindingArguments: entry.bindingArguments,
  });
}
