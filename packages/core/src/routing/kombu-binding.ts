import type { BindingDeclaration } from '../spi/declarations.ts';
import { kombuTopicPattern } from './topic-pattern.ts';

/** A binding as Kombu keeps it wherever processes share them: in Redis, in MongoDB and in files. */
export type KombuBinding = readonly [routingKey: string, pattern: string, queue: string];

/** Has Kombu's layout a place for it? It has none for arguments, nor for exchanges as destinations; for `BindingStore.carries`. */
export function isKombuBinding({ destinationType, arguments: args }: BindingDeclaration): boolean {
  return destinationType === 'queue' && Object.keys(args).length === 0;
}

/** `exchangeType` as `BindingStore.add` gets it: bindings of a topic exchange have the regular expression that Kombu matches with. */
export function toKombuBinding({ routingKey, destination }: BindingDeclaration, exchangeType: string): KombuBinding {
  return [routingKey, exchangeType === 'topic' ? kombuTopicPattern(routingKey) : '', destination];
}

/** The pattern says nothing that the routing key does not. */
export function fromKombuBinding(exchange: string, [routingKey, , queue]: KombuBinding): BindingDeclaration {
  return { exchange, destination: queue, destinationType: 'queue', routingKey, arguments: {} };
}
