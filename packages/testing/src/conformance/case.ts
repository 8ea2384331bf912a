/**
 * What a case wants to be there. Most are capabilities of the transport; those that start with `harness:` are hooks that
 * the author of the harness may supply.
 */
export type Need =
  | `exchange:${string}`
  | 'exchangeBindings'
  | 'priority'
  | 'delay'
  | 'maxDelay'
  | 'ttl'
  | 'queueLimits'
  | 'sharedBindings'
  | 'brokerAck'
  | 'lease'
  | 'fifo'
  | 'payloadLimit'
  | 'store:bindings'
  | 'store:declare'
  | 'store:exists'
  | 'store:release'
  | 'store:renew'
  | 'store:watch'
  | 'harness:manualTime'
  | 'harness:shortLease'
  | 'harness:putRaw'
  | 'harness:restartBroker'
  | 'harness:blockPublishers'
  | 'harness:unreachableUrl';

/** One rule of the SPI as a program. `T` is the context it runs in: a transport's or a store's. */
export interface Case<T> {
  /** `group/name`: stable, the key of quirks and of the capability matrix. */
  readonly id: string;
  /** The rule as a sentence. */
  readonly title: string;
  /** What goes wrong otherwise, or where the rule comes from, in one line. `R1` and so on are rows of docs/pains.md. */
  readonly why: string;
  /** Without all of these, `otherwise` runs instead, or the case is reported as unsupported. */
  readonly requires?: readonly Need[];
  readonly run: (t: T) => Promise<void>;
  /** What holds without the capability: usually that asking for it is refused with `UNSUPPORTED`. */
  readonly otherwise?: (t: T) => Promise<void>;
}

/**
 * Thrown by a case that learns only while it runs that the system lacks an optional part; the case is then reported as
 * unsupported. The message says what is missing.
 */
export class NotOffered extends Error {
  override readonly name: string = 'NotOffered';
}

/** A case before its group gives it an id. */
export type CaseBody<T> = Omit<Case<T>, 'id'>;

/** Names the cases of one file `group/key`. */
export function group<T>(name: string, cases: Readonly<Record<string, CaseBody<T>>>): readonly Case<T>[] {
  return Object.entries(cases).map(([key, body]) => ({ ...body, id: `${name}/${key}` }));
}

/** The group of a case id. */
export function groupOf(id: string): string {
  return id.slice(0, id.indexOf('/'));
}
