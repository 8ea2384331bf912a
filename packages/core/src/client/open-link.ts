import type { Clock } from '../clock.ts';
import { ConnectionError, TimeoutError, abortedError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { bounded } from '../reliability/deadline.ts';
import type { TransportConnection } from '../spi/transport.ts';

/** How a link comes to be. */
export interface LinkMaker {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Milliseconds for dialling one host. */
  readonly connectTimeout: number;
  /** One attempt at the current host. */
  dial(signal: AbortSignal): Promise<TransportConnection>;
  /** Brings a new link to the declared state; rejects only when the link itself is broken. */
  converge(link: TransportConnection): Promise<void>;
}

/** A broker that takes the connection and then answers nothing is as good as down. */
const convergeTimeoutMs = 30_000;

/**
 * One attempt at a link, until `signal` fires: dials, and brings the link to the declared state, each within its time. A link
 * that comes too late, or breaks on the way, is closed.
 */
export async function openLink(maker: LinkMaker, signal: AbortSignal): Promise<TransportConnection> {
  const link = await dial(maker, signal);
  try {
    await converge(maker, link, signal);
    // Given up at the last moment: nobody would close it.
    if (signal.aborted) throw abortedError(signal, 'Connecting');
    return link;
  } catch (error) {
    await closeLink(link, maker.logger);
    throw error;
  }
}

/** Never rejects: a link that cannot be closed is broken, and gone all the same. */
export async function closeLink(link: TransportConnection, logger: Logger): Promise<void> {
  await link.close().catch((error: unknown) => logger.debug('A link could not be closed politely', { error }));
}

async function dial(maker: LinkMaker, signal: AbortSignal): Promise<TransportConnection> {
  const { clock, logger, connectTimeout: timeout } = maker;
  const giveUp = new AbortController();
  const dialled = maker.dial(AbortSignal.any([signal, giveUp.signal]));
  try {
    return await bounded(dialled, { timeout, signal }, clock, 'Connecting');
  } catch (error) {
    giveUp.abort(error);
    // A link that comes after all is nobody's: close it.
    dialled.then(
      (late) => closeLink(late, logger),
      (failure: unknown) => logger.debug('An attempt to connect that was given up failed later', { error: failure }),
    );
    throw error instanceof TimeoutError ? connectTimedOut(error) : error;
  }
}

async function converge(maker: LinkMaker, link: TransportConnection, signal: AbortSignal): Promise<void> {
  const broke = link.closed.then((error) => {
    throw error ?? new ConnectionError('The connection was closed while it was being set up');
  });
  broke.catch(() => {});
  const converged = Promise.race([maker.converge(link), broke]);
  const doing = 'Restoring exchanges, queues and bindings';
  await bounded(converged, { timeout: convergeTimeoutMs, signal }, maker.clock, doing);
}

function connectTimedOut(error: TimeoutError): ConnectionError {
  return new ConnectionError(`${error.message} and was given up`, { code: 'CONNECTION_FAILED', cause: error });
}
