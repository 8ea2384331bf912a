import type { Arguments, BindingDeclaration } from '../spi/declarations.ts';
import type { Exchange } from './exchange.ts';

/** What leads messages of `source` to a queue or to another exchange. */
export function bindingDeclaration(
  source: Exchange | string,
  destinationType: BindingDeclaration['destinationType'],
  destination: string,
  options: { readonly routingKey?: string; readonly arguments?: Arguments | undefined },
): BindingDeclaration {
  return {
    exchange: typeof source === 'string' ? source : source.name,
    destination,
    destinationType,
    routingKey: options.routingKey ?? '',
    arguments: options.arguments ?? {},
  };
}
