import { errorOf } from '../errors.ts';
import { makeTarget } from '../registry/target.ts';
import { readInteger } from '../registry/options.ts';
import { redactUrl, schemeOf } from '../registry/url.ts';
import type { TargetDefaults } from '../registry/target.ts';
import { failover } from '../reliability/failover.ts';
import type { Target, Transport, TransportConnection } from '../spi/transport.ts';
import type { CompleteConnectionOptions } from './connection-options.ts';
import { wrapError } from './wrap-error.ts';

/** Knows the hosts of a connection, which of them is next, and how to reach it. */
export class Dialler {
  readonly #options: CompleteConnectionOptions;
  readonly #order: Iterator<string>;
  #current: string;
  #transport: Transport | undefined;

  constructor(options: CompleteConnectionOptions) {
    this.#options = options;
    this.#order = failover(options.failoverStrategy, options.urls, options.random);
    this.#current = options.urls[0] as string;
    this.switchHost();
  }

  /** The URL in use or tried next. Holds secrets. */
  get url(): string {
    return this.#current;
  }

  /** The transport of the current URL, as far as it is known without loading a package. */
  get transport(): Transport | undefined {
    return this.#options.given.transport ?? this.#options.registry.get(schemeOf(this.#current)) ?? this.#transport;
  }

  switchHost(): void {
    const next = this.#order.next();
    if (!next.done) this.#current = next.value;
  }

  /** One attempt at the current host. Rejects with an error of ours. */
  async dial(signal: AbortSignal): Promise<TransportConnection> {
    const { given, registry, logger, clock, random } = this.#options;
    const url = this.#current;
    const transport = given.transport ?? (await registry.resolve(schemeOf(url)));
    this.#transport = transport;
    const target = await this.target(url, transport);
    try {
      return await transport.connect(target, { logger, clock, random, signal });
    } catch (error) {
      throw wrapError(error, transport, `Cannot connect to ${target.display}`, 'CONNECTION_FAILED');
    }
  }

  /** What the transport is asked to connect to. */
  async target(url: string, transport: Transport): Promise<Target> {
    const { given, urls } = this.#options;
    const password = typeof given.password === 'function' ? await askPassword(given.password, url) : given.password;
    const { hostname, port, userid, virtualHost, ssl, heartbeat, transportOptions } = given;
    const defaults: TargetDefaults = {
      hostname,
      port,
      userid,
      password,
      virtualHost,
      ssl,
      heartbeat,
      options: transportOptions,
    };
    const target = makeTarget(url, transport, defaults);
    const alternates =
      urls.length > 1 ? urls.map((each) => withHeartbeat(makeTarget(each, transport, defaults))) : [target];
    return withHeartbeat({ ...target, alternates });
  }
}

/** `?heartbeat=` is core's own parameter; the others are the transport's. */
export function withHeartbeat(target: Target): Target {
  const { heartbeat, ...query } = target.query;
  if (heartbeat === undefined) return target;
  return { ...target, query, heartbeat: readInteger(heartbeat, 'heartbeat', { min: 0 }) };
}

async function askPassword(provider: () => string | Promise<string>, url: string): Promise<string> {
  try {
    return await provider();
  } catch (cause) {
    throw errorOf('CONNECTION_FAILED', `The password function for ${redactUrl(url)} failed`, { cause });
  }
}
