import type { BindingDeclaration, ExchangeDeclaration, QueueDeclaration, QueueInfo } from '@kombu/core/spi';
import type { Channel } from 'amqplib';
import { InvalidArgumentError } from '@kombu/core/spi';
import { typedTable } from './wire/typed-table.ts';

export async function declareExchange(channel: Channel, exchange: ExchangeDeclaration): Promise<void> {
  const { name, type, durable, autoDelete } = exchange;
  checkName(name, 'exchange');
  if (exchange.passive) await channel.checkExchange(name);
  else await channel.assertExchange(name, type, { durable, autoDelete, arguments: typedTable(exchange.arguments) });
}

export async function declareQueue(channel: Channel, declaration: QueueDeclaration): Promise<QueueInfo> {
  const { name, durable, exclusive, autoDelete } = declaration;
  checkName(name, 'queue');
  const options = { durable, exclusive, autoDelete };
  const answer = declaration.passive
    ? await channel.checkQueue(name)
    : await channel.assertQueue(name, { ...options, arguments: typedTable(declaration.arguments) });
  return { queue: answer.queue, messageCount: answer.messageCount, consumerCount: answer.consumerCount };
}

export async function bind(channel: Channel, binding: BindingDeclaration): Promise<void> {
  const { destination, exchange, routingKey } = binding;
  const args = typedTable(binding.arguments);
  if (binding.destinationType === 'queue') await channel.bindQueue(destination, exchange, routingKey, args);
  else await channel.bindExchange(destination, exchange, routingKey, args);
}

export async function unbind(channel: Channel, binding: BindingDeclaration): Promise<void> {
  const { destination, exchange, routingKey } = binding;
  const args = typedTable(binding.arguments);
  if (binding.destinationType === 'queue') await channel.unbindQueue(destination, exchange, routingKey, args);
  else await channel.unbindExchange(destination, exchange, routingKey, args);
}

/** RabbitMQ takes line ends out of the names that it declares, and looks for them all the same afterwards. */
function checkName(name: string, what: string): void {
  if (!/[\r\n]/.test(name)) return;
  throw new InvalidArgumentError(`The name of the ${what} on RabbitMQ cannot hold line ends: ${JSON.stringify(name)}`);
}
