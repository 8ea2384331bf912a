import type { ConnectionOptions as TlsOptions } from 'node:tls';
import type { Target } from '@kombu/core/spi';
import { abortedError, readTlsOptions } from '@kombu/core/spi';
import { connect, credentials } from 'amqplib';
import type { ChannelModel } from 'amqplib';
import type { AmqpOptions } from './options.ts';
import { askWhyRefused } from './refusal-probe.ts';
import type { Probe } from './refusal-probe.ts';

/** How often the kernel asks whether an idle peer is still there: a second line behind heartbeats. */
const keepAliveDelay = 60_000;

type Credentials = ReturnType<typeof credentials.external>;

/** One attempt to open a connection of amqplib. Settles soon after `signal` fires, which means nothing later on. */
export async function dial(target: Target, options: AmqpOptions, signal: AbortSignal): Promise<ChannelModel> {
  const isSecure = target.scheme.toLowerCase() === 'amqps';
  const tls = await readTlsOptions(target, isSecure);
  if (signal.aborted) throw abortedError(signal, 'Connecting');
  const attempt = new AbortController();
  const giveUp = (): void => attempt.abort(signal.reason);
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    return await connect(urlOf(target, options, tls !== undefined), {
      ...tls,
      // Not the caller's: it must not reach the socket once there is a connection.
      signal: attempt.signal,
      noDelay: true,
      keepAlive: true,
      keepAliveDelay,
      credentials: credentialsOf(target, options),
      clientProperties: clientProperties(options),
    } as Parameters<typeof connect>[1] & { readonly recovery?: undefined });
  } catch (error) {
    if (signal.aborted) throw abortedError(signal, 'Connecting');
    if (!isRefusedHost(error)) throw error;
    throw (await askWhyRefused(probeOf(target, options, tls), signal)) ?? error;
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}

/** The broker took the login and closed the connection instead of opening the virtual host. */
function isRefusedHost(error: unknown): boolean {
  return (error as Partial<Error>).message?.startsWith('Expected ConnectionOpenOk; got <ConnectionClose') === true;
}

function probeOf(target: Target, options: AmqpOptions, tls: TlsOptions | undefined): Probe {
  const { hostname = 'localhost', port = tls ? 5671 : 5672, virtualHost = '/' } = target;
  return { hostname, port, tls, virtualHost, credentials: credentialsOf(target, options) };
}

function urlOf(target: Target, options: AmqpOptions, isSecure: boolean): Parameters<typeof connect>[0] {
  const { hostname = 'localhost', port, virtualHost = '/', heartbeat } = target;
  return {
    protocol: isSecure ? 'amqps' : 'amqp',
    hostname,
    ...(port === undefined ? {} : { port }),
    // amqplib decodes it once more.
    vhost: encodeURIComponent(virtualHost),
    frameMax: options.frameMax,
    channelMax: options.channelMax,
    // Whole seconds on the wire. Absent: as the broker proposes.
    ...(heartbeat ? { heartbeat: Math.max(1, Math.round(heartbeat / 1000)) } : {}),
  };
}

function credentialsOf({ userid, password }: Target, { loginMethod }: AmqpOptions): Credentials {
  if (loginMethod === 'EXTERNAL') return credentials.external();
  const isAnonymous = userid === undefined && password === undefined;
  const [user, secret] = isAnonymous ? ['guest', 'guest'] : [userid ?? '', password ?? ''];
  return loginMethod === 'AMQPLAIN' ? credentials.amqplain(user, secret) : credentials.plain(user, secret);
}

function clientProperties({ connectionName }: AmqpOptions): Record<string, unknown> {
  const product = { product: '@kombu/transport-amqp' };
  return connectionName === undefined ? product : { ...product, connection_name: connectionName };
}
