import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a request asks for. */
export type Verb = 'create' | 'delete-queue' | 'properties' | 'put' | 'get' | 'peek' | 'delete' | 'update';

/** An HTTP server that answers as the service does, with whatever a test wants to see. */
export interface StubService {
  readonly url: string;
  /** All requests so far. */
  readonly seen: Verb[];
  /** The targets of all requests so far, with their query. */
  readonly targets: string[];
  /** From now on such requests fail so; undefined: they succeed, and queues are empty. */
  fail(verb: Verb, status: number, code: string): void;
  /** From now on such requests are read and never answered. */
  ignore(verb: Verb): void;
  heal(): void;
  close(): Promise<void>;
}

const list = (messages: string): string =>
  `<?xml version="1.0" encoding="utf-8"?><QueueMessagesList>${messages}</QueueMessagesList>`;

export async function stubService(): Promise<StubService> {
  const seen: Verb[] = [];
  const targets: string[] = [];
  const failures = new Map<Verb, readonly [status: number, code: string] | 'ignored'>();
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const verb = verbOf(request);
    seen.push(verb);
    targets.push(request.url ?? '');
    request.resume();
    const failure = failures.get(verb);
    if (failure === 'ignored') return;
    if (failure) refuse(response, ...failure);
    else succeed(response, verb);
  };
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `azurestoragequeues://a2V5@http://127.0.0.1:${port}/account`,
    seen,
    targets,
    fail: (verb, status, code) => void failures.set(verb, [status, code]),
    ignore: (verb) => void failures.set(verb, 'ignored'),
    heal: () => failures.clear(),
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function verbOf({ method, url = '' }: IncomingMessage): Verb {
  const isMessage = url.includes('/messages/');
  if (method === 'PUT') return isMessage ? 'update' : 'create';
  if (method === 'DELETE') return isMessage ? 'delete' : 'delete-queue';
  if (method === 'POST') return 'put';
  if (url.includes('comp=metadata')) return 'properties';
  return url.includes('peekonly') ? 'peek' : 'get';
}

function refuse(response: ServerResponse, status: number, code: string): void {
  const message = `<Message>${code} it is.\nRequestId:1\nTime:now</Message>`;
  response.writeHead(status, { 'content-type': 'application/xml', 'x-ms-error-code': code });
  response.end(`<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code>${message}</Error>`);
}

function succeed(response: ServerResponse, verb: Verb): void {
  const statuses: Partial<Record<Verb, number>> = {
    create: 201,
    put: 201,
    delete: 204,
    update: 204,
    'delete-queue': 204,
  };
  response.writeHead(statuses[verb] ?? 200, {
    'content-type': 'application/xml',
    'x-ms-approximate-messages-count': '0',
    'x-ms-popreceipt': 'new',
  });
  if (verb === 'put') response.end(list('<QueueMessage><MessageId>id</MessageId></QueueMessage>'));
  else response.end(verb === 'get' || verb === 'peek' ? list('') : undefined);
}
