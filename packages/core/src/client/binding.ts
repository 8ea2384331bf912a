import type { Arguments } from '../spi/declarations.ts';
import type { ExchangeJson } from './exchange.ts';
import { Exchange } from './exchange.ts';
import { compact } from './place.ts';

export interface BindingOptions {
  readonly routingKey?: string;
  /** What a headers exchange matches, or arguments of the broker's own. */
  readonly arguments?: Arguments | undefined;
}

/** A further way into a queue: see the `bindings` option of {@link Queue}. A plain value. */
export class Binding {
  readonly exchange: Exchange;
  readonly routingKey: string;
  readonly arguments: Arguments;

  constructor(exchange: Exchange | string, options: BindingOptions = {}) {
    this.exchange = typeof exchange === 'string' ? new Exchange(exchange) : exchange;
    this.routingKey = options.routingKey ?? '';
    this.arguments = options.arguments ?? {};
  }

  static from(json: BindingJson): Binding {
    return new Binding(Exchange.from(json.exchange ?? {}), json);
  }

  toJSON(): BindingJson {
    return compact({ exchange: this.exchange.toJSON(), routingKey: this.routingKey, arguments: this.arguments });
  }
}

/** The plain form of a binding. */
export interface BindingJson extends BindingOptions {
  readonly exchange?: ExchangeJson;
}

/** Makes a {@link Binding}; Kombu's spelling. */
export function binding(exchange: Exchange | string, options: BindingOptions = {}): Binding {
  return new Binding(exchange, options);
}
