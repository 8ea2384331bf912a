import { Agent } from 'node:http';
import { Agent as SecureAgent } from 'node:https';
import { QueueServiceClient, newPipeline, type StoragePipelineOptions } from '@azure/storage-queue';
import type { Target, TransportContext } from '@kombu/core/spi';
import { readTlsOptions } from '@kombu/core/spi';
import { accountOf } from './account-url.ts';
import { accessFor, type Access } from './credentials.ts';
import type { AzureStorageQueueOptions } from './options.ts';
import { Requests } from './requests.ts';
import { ServiceError } from './service-error.ts';
import { AzureStorageQueueStore } from './store.ts';

/**
 * How long a socket is kept for the next request, in milliseconds: shorter than servers and networks do, for a request on a
 * socket that the other end has just closed is lost.
 */
const idleSocketMs = 3000;

/** One attempt: the service has to answer, and to take the credentials. */
export async function connect(
  target: Target,
  options: AzureStorageQueueOptions,
  { clock, signal }: TransportContext,
): Promise<AzureStorageQueueStore> {
  const account = accountOf(target.url);
  const access = await accessFor(target, account, options.credential);
  const tls = await readTlsOptions(target, account.isSecure);
  // Its own, so that closing one link leaves the sockets of others alone.
  const sockets = { keepAlive: true, timeout: idleSocketMs };
  const agent = account.isSecure ? new SecureAgent({ ...sockets, ...tls }) : new Agent(sockets);
  const service = serviceAt(account.endpoint, access, agent);
  const requests = new Requests(clock, options.requestTimeout);
  const store = new AzureStorageQueueStore({
    service,
    requests,
    options,
    now: () => clock.now(),
    close: () => agent.destroy(),
  });
  const giveUp = (): void => void store.close();
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    signal.throwIfAborted();
    await assertAnswers(store);
    return store;
  } catch (error) {
    await store.close();
    throw error;
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}

/** The client library tries each request once: what to do about a failure is decided above. */
function serviceAt(endpoint: string, { credential, signature }: Access, agent: Agent): QueueServiceClient {
  const pipelineOptions: StoragePipelineOptions & { readonly agent?: Agent } = {
    retryOptions: { maxTries: 1 },
    userAgentOptions: { userAgentPrefix: 'kombu' },
    // The library has agents of its own for proxies, and uses them unless it is given one.
    ...(isProxied() ? {} : { agent }),
  };
  const url = signature === '' ? endpoint : `${endpoint}?${signature}`;
  return new QueueServiceClient(url, newPipeline(credential, pipelineOptions));
}

function isProxied(): boolean {
  const names = ['HTTPS_PROXY', 'HTTP_PROXY', 'ALL_PROXY'].flatMap((name) => [name, name.toLowerCase()]);
  return names.some((name) => (process.env[name] ?? '') !== '');
}

/** Asks for a queue, as even those may who may not list the queues. That it is not there, or not for us, is an answer. */
async function assertAnswers(store: AzureStorageQueueStore): Promise<void> {
  try {
    await store.exists('kombu-connection-check');
  } catch (error) {
    const isForbidden = error instanceof ServiceError && error.statusCode === 403;
    if (!isForbidden || error.code === 'AuthenticationFailed') throw error;
  }
}
