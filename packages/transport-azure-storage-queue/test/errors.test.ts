import { inspect } from 'node:util';
import { ConnectionError, type ErrorCode } from '@kombu/core/spi';
import { classify } from '../src/classify.ts';
import { ServiceError } from '../src/service-error.ts';
import type { AzureStorageQueueStore } from '../src/store.ts';
import { declaration, outgoing, take } from './support/messages.ts';
import { openTestStore } from './support/stores.ts';
import { stubService, type StubService, type Verb } from './support/stub-service.ts';

describe('what errors mean', () => {
  it.each<readonly [number | undefined, string | undefined, ErrorCode]>([
    [403, 'AuthenticationFailed', 'ACCESS_REFUSED'],
    [403, 'AuthorizationPermissionMismatch', 'ACCESS_REFUSED'],
    [401, 'NoAuthenticationInformation', 'ACCESS_REFUSED'],
    [400, 'InvalidAuthenticationInfo', 'ACCESS_REFUSED'],
    [404, 'QueueNotFound', 'NOT_FOUND'],
    [409, 'QueueBeingDeleted', 'RESOURCE_LOCKED'],
    [409, 'QueueAlreadyExists', 'PRECONDITION_FAILED'],
    [413, 'RequestBodyTooLarge', 'LIMIT_EXCEEDED'],
    [400, 'MessageTooLarge', 'LIMIT_EXCEEDED'],
    [400, 'InvalidResourceName', 'INVALID_ARGUMENT'],
    [503, 'ServerBusy', 'BLOCKED'],
    [429, undefined, 'BLOCKED'],
    [500, 'OperationTimedOut', 'TIMEOUT'],
    [500, 'InternalError', 'TIMEOUT'],
    [502, undefined, 'TIMEOUT'],
    [undefined, 'ECONNREFUSED', 'CONNECTION_FAILED'],
    [undefined, 'ENOTFOUND', 'CONNECTION_FAILED'],
    [undefined, 'SELF_SIGNED_CERT_IN_CHAIN', 'CONNECTION_FAILED'],
    [undefined, 'ECONNRESET', 'CONNECTION_LOST'],
    [undefined, 'REQUEST_SEND_ERROR', 'CONNECTION_LOST'],
    [400, 'Unheard', 'INTERNAL'],
  ])('%s %s', (status, code, meaning) => {
    expect(classify(new ServiceError('it failed', code, status))).toBe(meaning);
  });

  it('of others', () => {
    expect(classify(new ConnectionError('x', { code: 'CLOSED' }))).toBe('CLOSED');
    expect(classify(Object.assign(new Error('no token'), { name: 'CredentialUnavailableError' }))).toBe(
      'ACCESS_REFUSED',
    );
    for (const odd of [undefined, null, 'text', {}, new Error('x')]) expect(classify(odd)).toBe('INTERNAL');
  });
});

const claim = () => ({ messageId: 'id', popReceipt: 'old' });

describe('a service that refuses', () => {
  let stub: StubService;
  let store: AzureStorageQueueStore;
  beforeAll(async () => {
    stub = await stubService();
    store = await openTestStore(stub.url);
  });
  afterEach(() => stub.heal());
  afterAll(async () => {
    await store.close();
    await stub.close();
  });

  const ways: readonly (readonly [string, Verb, () => Promise<unknown>])[] = [
    ['ack', 'delete', () => store.ack('q', [claim(), claim()])],
    ['release', 'update', () => store.release('q', [claim(), claim()], { delayMs: 0 })],
    ['renew', 'update', () => store.renew('q', [claim(), claim()])],
  ];
  const lost = [
    [404, 'MessageNotFound'],
    [400, 'PopReceiptMismatch'],
    [404, 'QueueNotFound'],
  ] as const;

  it.each(ways.flatMap((way) => lost.map((code) => [...way, ...code] as const)))(
    'R15: %s of what is no longer ours is an outcome (%s %s %s %s)',
    async (_, verb, settle, status, code) => {
      stub.fail(verb, status, code);
      expect(await settle()).toEqual(['lease-lost', 'lease-lost']);
      stub.heal();
      expect(await settle()).toEqual(['ok', 'ok']);
    },
  );

  it.each(ways)('%s rejects when the service is in trouble, after one try', async (_, verb, settle) => {
    stub.fail(verb, 503, 'ServerBusy');
    stub.seen.length = 0;
    await expect(settle()).rejects.toMatchObject({ code: 'ServerBusy', statusCode: 503, message: 'ServerBusy it is.' });
    expect(stub.seen).toEqual([verb, verb]);
  });

  it('a renewal gives a new receipt, which the next request goes by', async () => {
    const held = claim();
    expect(await store.renew('q', [held])).toEqual(['ok']);
    await store.ack('q', [held]);
    expect(stub.targets.at(-1)).toContain('popreceipt=new');
  });

  it.each<readonly [string, Verb, () => Promise<unknown>, unknown]>([
    ['get', 'get', () => take(store, 'q'), []],
    ['size', 'peek', () => store.size('q'), 0],
    ['purge', 'properties', () => store.purge('q'), 0],
    ['exists', 'properties', () => store.exists('q'), false],
    ['delete', 'delete-queue', () => store.delete('q'), undefined],
  ])('a queue that is not there holds nothing: %s', async (_, verb, ask, expected) => {
    stub.fail(verb, 404, 'QueueNotFound');
    expect(await ask()).toEqual(expected);
  });

  it('tells which messages did not get in', async () => {
    stub.fail('put', 500, 'OperationTimedOut');
    const failures = await store.put('q', [outgoing('{}'), outgoing('{}')]);
    const told = failures.map(({ index, error }) => [index, classify(error)] as const);
    expect(told.toSorted(([one], [other]) => one - other)).toEqual([
      [0, 'TIMEOUT'],
      [1, 'TIMEOUT'],
    ]);
  });

  it('declares a queue that is there with other metadata', async () => {
    stub.fail('create', 409, 'QueueAlreadyExists');
    await expect(store.declare?.(declaration('q'))).resolves.toBeUndefined();
    stub.fail('create', 409, 'QueueBeingDeleted');
    await expect(store.declare?.(declaration('q'))).rejects.toMatchObject({ code: 'QueueBeingDeleted' });
  });

  it('R34: creates and lists nothing when it is told so, and needs no more than messages', async () => {
    stub.fail('properties', 403, 'AuthorizationPermissionMismatch');
    stub.fail('create', 403, 'AuthorizationPermissionMismatch');
    const modest = await openTestStore(stub.url, { createQueues: false });
    expect(modest.declare).toBeUndefined();
    expect(await modest.put('q', [outgoing('{}')])).toEqual([]);
    expect(await take(modest, 'q')).toEqual([]);
    await modest.close();
  });

  it('is not connected to with a wrong key', async () => {
    stub.fail('properties', 403, 'AuthenticationFailed');
    await expect(openTestStore(stub.url)).rejects.toMatchObject({ code: 'AuthenticationFailed' });
  });

  it('shows no signature in its errors', async () => {
    const url = stub.url.replace('a2V5', 'sv=2024&sig=s3cr3t');
    const signed = await openTestStore(url);
    stub.fail('peek', 403, 'AuthenticationFailed');
    const error: unknown = await signed.size('q').catch((reason: unknown) => reason);
    expect(stub.targets.at(-1)).toContain('sig=s3cr3t');
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('s3cr3t');
    await signed.close();
  });

  it('that never answers is given up, and what was not sent yet is said to be so (R5)', async () => {
    const hasty = await openTestStore(stub.url, { requestTimeout: 100, concurrency: 1 });
    stub.ignore('put');
    const failures = await hasty.put('q', [outgoing('{}'), outgoing('{}')]);
    expect(failures.map(({ error }) => classify(error))).toEqual(['CONNECTION_LOST', 'CONNECTION_FAILED']);
    await hasty.close();
  });
});
