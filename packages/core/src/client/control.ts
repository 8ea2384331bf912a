import type { Clock } from '../clock.ts';
import type { KombuError } from '../errors.ts';
import { TimeoutError, abortedError, isConnectionError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import type { WaitOptions } from '../reliability/deadline.ts';
import { bounded } from '../reliability/deadline.ts';
import { TimeBudget } from '../reliability/time-budget.ts';
import type { BindingDeclaration, ExchangeDeclaration, QueueDeclaration, QueueInfo } from '../spi/declarations.ts';
import type { ChannelEvents, TransportChannel, TransportConnection } from '../spi/transport.ts';
import { asLost } from './as-lost.ts';
import { finalRefusals } from './final-refusals.ts';
import type { TopologyEntry } from './topology-ledger.ts';
import { TopologyLedger, declareEntry } from './topology-ledger.ts';

/** What the control room needs of the connection. */
export interface ControlParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly link: TransportConnection | undefined;
  ready(wait: WaitOptions, doing: string): Promise<TransportConnection>;
  /** The link turned out to be broken: get rid of it, unless it is gone already. */
  dropLink(link: TransportConnection, reason: Error): Promise<void>;
  wrap(error: unknown, doing: string): KombuError;
}

/** How long a declaration or deletion may take unless the caller says otherwise, in milliseconds. */
export const defaultOperationTimeout = 30_000;

const noEvents: Omit<ChannelEvents, 'closed'> = { delivery() {}, returned() {}, cancelled() {}, flow() {} };

/**
 * Declares, deletes and asks, on a channel of its own: AMQP closes the channel of a refused declaration, and that must not
 * take consumers or publishers with it. One operation at a time, so that a refusal hits only its own caller. Operations that
 * a broken link interrupts are done again on the next one: all of them are idempotent.
 */
export class Control {
  readonly ledger: TopologyLedger = new TopologyLedger();
  /** What `maybeDeclare` need not declare again, by declaration key. Emptied whenever anything is taken away. */
  readonly declared: Set<string> = new Set();
  readonly #parts: ControlParts;
  #turn: Promise<unknown> = Promise.resolve();
  #link: TransportConnection | undefined;
  #channel: TransportChannel | undefined;

  constructor(parts: ControlParts) {
    this.#parts = parts;
  }

  async declareExchange(declaration: ExchangeDeclaration, wait: WaitOptions = {}): Promise<void> {
    await this.run(`Declaring exchange '${declaration.name}'`, wait, (channel) => channel.declareExchange(declaration));
    if (!declaration.passive) this.ledger.record({ kind: 'exchange', declaration });
  }

  async deleteExchange(name: string, options: { readonly ifUnused: boolean }, wait: WaitOptions = {}): Promise<void> {
    await this.run(`Deleting exchange '${name}'`, wait, (channel) => channel.deleteExchange(name, options));
    this.ledger.forgetExchange(name);
    this.declared.clear();
  }

  async declareQueue(declaration: QueueDeclaration, wait: WaitOptions = {}): Promise<QueueInfo> {
    const info = await this.run(`Declaring queue '${declaration.name}'`, wait, (channel) =>
      channel.declareQueue(declaration),
    );
    if (!declaration.passive) this.ledger.record({ kind: 'queue', declaration });
    return info;
  }

  async deleteQueue(
    name: string,
    options: { readonly ifUnused: boolean; readonly ifEmpty: boolean },
    wait: WaitOptions = {},
  ): Promise<number> {
    const count = await this.run(`Deleting queue '${name}'`, wait, (channel) => channel.deleteQueue(name, options));
    this.ledger.forgetQueue(name);
    this.declared.clear();
    return count;
  }

  purgeQueue(name: string, wait: WaitOptions = {}): Promise<number> {
    return this.run(`Purging queue '${name}'`, wait, (channel) => channel.purgeQueue(name));
  }

  async bind(declaration: BindingDeclaration, wait: WaitOptions = {}): Promise<void> {
    await this.run(`Binding ${bindingText(declaration)}`, wait, (channel) => channel.bind(declaration));
    this.ledger.record({ kind: 'binding', declaration });
  }

  async unbind(declaration: BindingDeclaration, wait: WaitOptions = {}): Promise<void> {
    await this.run(`Unbinding ${bindingText(declaration)}`, wait, (channel) => channel.unbind(declaration));
    this.ledger.forget({ kind: 'binding', declaration });
    this.declared.clear();
  }

  /** Declares again what a queue needs, after the broker took it away. */
  restoreQueue(queue: string, wait: WaitOptions = {}): Promise<void> {
    return this.run(`Restoring queue '${queue}'`, wait, async (channel) => {
      for (const entry of this.ledger.entriesOf(queue)) await declareEntry(entry, channel);
    });
  }

  /**
   * Brings a new link to the declared state. What the broker refuses is logged: it fails for whoever uses it next, and nobody
   * else. A final refusal drops it from the ledger; what may pass, such as the lock of our own dead link on an exclusive queue,
   * is tried again when its consumer is. Rejects when the link breaks.
   */
  async converge(link: TransportConnection): Promise<void> {
    let channel: TransportChannel | undefined;
    for (const entry of this.ledger.entries()) {
      try {
        channel ??= await link.openChannel({ ...noEvents, closed() {} });
        await declareEntry(entry, channel);
      } catch (cause) {
        const error = this.#parts.wrap(cause, `Restoring ${entryText(entry)}`);
        const { code } = error;
        if (isConnectionError(error)) throw error;
        if (finalRefusals.has(code)) this.ledger.forget(entry);
        this.declared.clear();
        this.#parts.logger.error(`After the reconnect the broker refused ${entryText(entry)}`, { error });
        // The refusal may have closed the channel.
        await channel?.close();
        channel = undefined;
      }
    }
    await channel?.close();
  }

  /** Runs one operation in its turn, on the next link again if this one breaks. */
  run<T>(doing: string, wait: WaitOptions, operation: (channel: TransportChannel) => Promise<T>): Promise<T> {
    const { clock } = this.#parts;
    const budget = new TimeBudget(wait, clock, defaultOperationTimeout);
    const turn = this.#turn.then(() => this.#attempt(doing, budget, operation));
    // The next in line does not care how this one ended.
    this.#turn = turn.catch(() => {});
    return bounded(turn, budget.left, clock, doing);
  }

  async #attempt<T>(
    doing: string,
    budget: TimeBudget,
    operation: (channel: TransportChannel) => Promise<T>,
  ): Promise<T> {
    const { clock } = this.#parts;
    for (;;) {
      const { left } = budget;
      if (left.timeout === 0) throw new TimeoutError(`${doing} did not get its turn in time`);
      if (left.signal?.aborted) throw abortedError(left.signal, doing);
      const link = await this.#parts.ready(left, doing);
      try {
        return await bounded(this.#open(link).then(operation), left, clock, doing);
      } catch (cause) {
        const wrapped = this.#parts.wrap(cause, doing);
        const error = this.#parts.link === link ? wrapped : asLost(wrapped);
        if (!isConnectionError(error)) throw error;
        await this.#parts.dropLink(link, error);
      }
    }
  }

  async close(): Promise<void> {
    await this.#channel?.close();
  }

  async #open(link: TransportConnection): Promise<TransportChannel> {
    if (this.#channel && this.#link === link) return this.#channel;
    let isOver = false;
    const channel = await link.openChannel({
      ...noEvents,
      closed: () => {
        isOver = true;
        if (this.#link === link) this.#channel = undefined;
      },
    });
    this.#link = link;
    this.#channel = isOver ? undefined : channel;
    return channel;
  }
}

function bindingText({ destinationType, destination, exchange, routingKey }: BindingDeclaration): string {
  return `${destinationType} '${destination}' to exchange '${exchange}' with key '${routingKey}'`;
}

function entryText(entry: TopologyEntry): string {
  return entry.kind === 'binding'
    ? `the binding of ${bindingText(entry.declaration)}`
    : `${entry.kind} '${entry.declaration.name}'`;
}
