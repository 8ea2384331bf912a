import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { GetQueueUrlCommand, SQSClient, type SQSClientConfig } from '@aws-sdk/client-sqs';
import type { Target, TransportContext, VirtualBackend } from '@kombu/core/spi';
import { ConnectionError, readTlsOptions } from '@kombu/core/spi';
import { Calls } from './calls.ts';
import { classify } from './classify.ts';
import { payloadOfBody } from './message-body.ts';
import { givenOptions, meaningless, readOptions, type SqsOptions } from './options.ts';
import { keepErrorCodes } from './own-errors.ts';
import { sqsNameOf } from './queue-name.ts';
import type { Receipt } from './receipt.ts';
import { SqsStore } from './store.ts';

/** Attempts of a call that may be done twice. */
const attempts = 3;
/** Each consumer of an idle queue has one that waits. */
const maxSockets = 1000;

/**
 * Opens the queues that a target names; asks once whether they answer.
 *
 * @param payloadOf - gives the payload in the body of an SQS message.
 */
export async function connect(
  target: Target,
  context: TransportContext,
  payloadOf: (body: string) => string = payloadOfBody,
): Promise<VirtualBackend<Receipt>> {
  const options = readOptions(target);
  warnOfMeaningless(target, context);
  const config = await clientConfig(target, options);
  const calls = new Calls({
    client: keepErrorCodes(new SQSClient({ ...config, maxAttempts: attempts })),
    sender: keepErrorCodes(new SQSClient({ ...config, maxAttempts: 1 })),
    clock: context.clock,
    answerWithinMs: options.readTimeout,
  });
  try {
    await probe(calls, options, context.signal);
  } catch (error) {
    calls.close();
    throw error;
  }
  const store = new SqsStore({ ...context, calls, options, payloadOf });
  return { store, pollingInterval: options.pollingInterval, waitMs: options.waitTimeSeconds * 1000 };
}

/** There is no connection that could fail: the answer to any question tells that somebody is there and knows the keys. */
async function probe(calls: Calls, options: SqsOptions, signal: AbortSignal): Promise<void> {
  const command = new GetQueueUrlCommand({ QueueName: sqsNameOf('kombu-probe', options.queueNamePrefix) });
  try {
    await calls.run('GetQueueUrl', (abortSignal) => calls.sender.send(command, { abortSignal }), 0, signal);
  } catch (error) {
    if (classify(error) === 'NOT_FOUND' || isForbidden(error)) return;
    if (error instanceof Error && error.message === 'Region is missing') throw regionError(error);
    throw error;
  }
}

/** These keys are known, and may not ask this question. */
function isForbidden(error: unknown): boolean {
  return error instanceof Error && /AccessDenied/.test(error.name);
}

function regionError(cause: Error): ConnectionError {
  return new ConnectionError('No AWS region is known: set the option region, or AWS_REGION', {
    code: 'CONNECTION_FAILED',
    cause,
  });
}

async function clientConfig(target: Target, options: SqsOptions): Promise<SQSClientConfig> {
  const endpoint = options.endpoint ?? endpointOf(target, options);
  const tls = await readTlsOptions(target, endpoint?.startsWith('https:') ?? true);
  const region = options.region ?? (endpoint === undefined ? undefined : (process.env['AWS_REGION'] ?? 'us-east-1'));
  const credentials = options.credentials ?? keysOf(target, options);
  return {
    // The URL of a queue names the address that the service has for itself, which is not always the way to it.
    ...(endpoint !== undefined && { endpoint, useQueueUrlAsEndpoint: false }),
    ...(region !== undefined && { region }),
    ...(credentials !== undefined && { credentials }),
    // A message that got broken would take the other nine of its batch with it; TCP and TLS have checksums of their own.
    md5: false,
    requestHandler: {
      connectionTimeout: options.connectTimeout,
      httpAgent: new HttpAgent({ keepAlive: true, maxSockets }),
      httpsAgent: new HttpsAgent({ ...tls, keepAlive: true, maxSockets }),
    },
  };
}

function endpointOf({ hostname, port, ssl }: Target, { isSecure }: SqsOptions): string | undefined {
  if (hostname === undefined) return undefined;
  const isAws = /\.amazonaws\.com(\.cn)?$/.test(hostname);
  const scheme = (isSecure ?? (isAws || (ssl !== undefined && ssl !== false))) ? 'https' : 'http';
  const host = hostname.includes(':') ? `[${hostname}]` : hostname;
  return `${scheme}://${host}${port === undefined ? '' : `:${port}`}`;
}

function keysOf({ userid, password }: Target, { sessionToken }: SqsOptions): SqsOptions['credentials'] {
  if (userid === undefined || password === undefined) return undefined;
  return { accessKeyId: userid, secretAccessKey: password, ...(sessionToken !== undefined && { sessionToken }) };
}

function warnOfMeaningless(target: Target, { logger }: TransportContext): void {
  const given = givenOptions(target);
  for (const [name, reason] of Object.entries(meaningless)) {
    if (given[name] !== undefined) logger.warn(`The option ${name} has no effect: ${reason}`);
  }
}
