import type {
  Capabilities,
  Clock,
  ErrorCode,
  Target,
  Transport,
  TransportConnection,
  TransportContext,
} from '@kombu/core/spi';
import { abortedError, ConnectionError, KombuError, systemClock } from '@kombu/core/spi';

import type { FaultOptions, FaultRule } from './fault-script.ts';
import { FaultScript } from './fault-script.ts';
import type { TransportMethod } from './faulty-connection.ts';
import { FaultyConnection } from './faulty-connection.ts';
import { Gate } from './gate.ts';

/** A rule for {@link FaultyTransport}. */
export type TransportFaultRule = FaultRule<TransportMethod>;

/**
 * A level-1 transport whose links fail on order, without sockets: for tests of recovery. Use it like the transport that it
 * wraps. `rules` strike single calls, for example a drop in the middle of a recovery:
 * `{ method: 'consume', skip: 25, times: 1, fault: async () => transport.drop() }`. Optional members that the transport lacks
 * are lacking here.
 */
export class FaultyTransport implements Transport {
  readonly name: string;
  readonly schemes: readonly string[];
  readonly capabilities: Capabilities;
  declare readonly defaultPort?: number;
  declare readonly parseUrl?: (url: string) => Partial<Target>;
  declare readonly redact?: (url: string, mask: string) => string;
  readonly #inner: Transport;
  readonly #script: FaultScript<TransportMethod>;
  readonly #live = new Set<FaultyConnection>();
  readonly #traffic = new Gate();
  readonly #doorway = new Gate();
  readonly #clock: Clock;
  /** Since when nothing passes. */
  #silentSince = Infinity;
  /** What ends the present refusal, or how many attempts it lasts. */
  #refusing: { left: number } | undefined;
  #attempts = 0;

  constructor(inner: Transport, rules: readonly TransportFaultRule[] = [], options: FaultOptions = {}) {
    this.#inner = inner;
    this.#script = new FaultScript(rules, options);
    this.#clock = options.clock ?? systemClock;
    this.name = inner.name;
    this.schemes = inner.schemes;
    this.capabilities = inner.capabilities;
    if (inner.defaultPort !== undefined) this.defaultPort = inner.defaultPort;
    if (inner.parseUrl !== undefined) this.parseUrl = (url) => inner.parseUrl?.(url) ?? {};
    if (inner.redact !== undefined) this.redact = (url, mask) => inner.redact?.(url, mask) ?? mask;
  }

  /** How often somebody tried to connect. */
  get attempts(): number {
    return this.#attempts;
  }

  /** How many links are live. */
  get connections(): number {
    return this.#live.size;
  }

  connect(target: Target, ctx: TransportContext): Promise<TransportConnection> {
    this.#attempts++;
    const attempt = this.#script.run('connect', [target, ctx], () => this.#connect(target, ctx));
    return attempt as Promise<TransportConnection>;
  }

  /** Injected errors are of core's own classes and say themselves what they are. */
  classify(error: unknown): ErrorCode {
    return error instanceof KombuError ? error.code : this.#inner.classify(error);
  }

  /**
   * Breaks all live links: calls without an answer fail (`publish` with `PUBLISH_UNCERTAIN`), channels and connections end
   * with the error, and the broker takes back what was unsettled. Resolves when the broker has.
   */
  async drop(reason: Error = new ConnectionError('Injected fault: the link broke')): Promise<void> {
    await Promise.all(Array.from(this.#live, (connection) => connection.drop(reason)));
  }

  /** Attempts to connect fail with `CONNECTION_FAILED`: the next so many, until a promise settles, or (default) until `heal`. */
  refuse(until: number | PromiseLike<unknown> = Infinity): void {
    const refusing = { left: typeof until === 'number' ? until : Infinity };
    this.#refusing = refusing;
    if (typeof until === 'number') return;
    const stop = (): void => void (refusing.left = 0);
    until.then(stop, stop);
  }

  /** Attempts to connect hang until `heal`, or until their signal fires. */
  hangConnect(): void {
    this.#doorway.shut();
  }

  /**
   * Nothing passes on any link until `heal`: calls and attempts to connect do not settle, no event comes, and consumers show no
   * sign of life (`lastReadAt`).
   */
  blackhole(): void {
    this.#silentSince = Math.min(this.#silentSince, this.#clock.now());
    this.#traffic.shut();
    this.#doorway.shut();
  }

  /** Ends all faults but the rules; calls and events that were held up go on. */
  heal(): void {
    this.#refusing = undefined;
    this.#doorway.open();
    this.#traffic.open();
    this.#silentSince = Infinity;
  }

  async #connect(target: Target, ctx: TransportContext): Promise<TransportConnection> {
    await this.#enter(ctx.signal);
    if (this.#refusing !== undefined && this.#refusing.left > 0) {
      this.#refusing.left--;
      throw new ConnectionError('Injected fault: the connection was refused', { code: 'CONNECTION_FAILED' });
    }
    const inner = await this.#inner.connect(target, ctx);
    const connection = new FaultyConnection(inner, {
      traffic: this.#traffic,
      script: this.#script,
      silentSince: () => this.#silentSince,
    });
    this.#live.add(connection);
    void this.#forgetWhenClosed(connection);
    return connection;
  }

  async #forgetWhenClosed(connection: FaultyConnection): Promise<void> {
    await connection.closed;
    this.#live.delete(connection);
  }

  async #enter(signal: AbortSignal): Promise<void> {
    if (!this.#doorway.isShut) return;
    const abort = new Gate();
    abort.shut();
    const onAbort = (): void => abort.open();
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort);
    await Promise.race([this.#doorway.pass(), abort.pass()]);
    signal.removeEventListener('abort', onAbort);
    if (signal.aborted) throw abortedError(signal, 'The attempt to connect');
  }
}
