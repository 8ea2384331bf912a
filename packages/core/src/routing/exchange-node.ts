import { PreconditionFailedError } from '../errors.ts';
import type { BindingDeclaration } from '../spi/declarations.ts';
import { BindingTable } from './binding-table.ts';

export interface ExchangeOptions {
  /** Gets what this exchange itself routes nowhere. It need not exist yet. */
  readonly alternateExchange?: string | undefined;
  /** Only other exchanges may publish here. Default: false. `Router.route` does not check it; the caller asks `isInternal`. */
  readonly internal?: boolean | undefined;
}

/** An exchange within the routing graph. */
export interface ExchangeNode {
  readonly name: string;
  readonly table: BindingTable;
  readonly alternateExchange: string | undefined;
  readonly internal: boolean;
  /** The list of the last `replaceBindings`, as long as the table holds exactly that. */
  shared: readonly BindingDeclaration[] | undefined;
}

/** The exchanges that every AMQP broker has, with their types. */
export const predefinedExchanges: ReadonlyMap<string, string> = new Map([
  ['', 'direct'],
  ['amq.direct', 'direct'],
  ['amq.topic', 'topic'],
  ['amq.fanout', 'fanout'],
  ['amq.headers', 'headers'],
  ['amq.match', 'headers'],
]);

/** @throws UnsupportedError for a type that cannot be routed here. */
export function exchangeNode(name: string, type: string, options: ExchangeOptions): ExchangeNode {
  const { alternateExchange, internal = false } = options;
  return { name, table: new BindingTable(type), alternateExchange, internal, shared: undefined };
}

/** @throws PreconditionFailedError when `node` is not what this declaration says. */
export function assertEquivalent(node: ExchangeNode, type: string, options: ExchangeOptions): void {
  assertSame(node, 'type', node.table.type, type);
  assertSame(node, 'alternate exchange', node.alternateExchange, options.alternateExchange);
  assertSame(node, 'internal flag', node.internal, options.internal ?? false);
}

function assertSame<V extends string | boolean | undefined>(node: ExchangeNode, what: string, has: V, wanted: V): void {
  if (has === wanted) return;
  throw new PreconditionFailedError(
    `The exchange ${JSON.stringify(node.name)} exists with another ${what}: ${has ?? 'none'}, not ${wanted ?? 'none'}. Declare it as it is, or delete it first.`,
  );
}
