import { readOptions } from '../src/options.ts';
import { targetOf } from './support/stores.ts';

function read(options: object, query = '') {
  return readOptions(targetOf(`azurestoragequeues://a2V5@https://a.queue.core.windows.net${query}`, options));
}

describe('options', () => {
  it('have defaults', () => {
    expect(read({})).toEqual({
      queueNamePrefix: '',
      leaseMs: 60_000,
      pollingInterval: 1000,
      requestTimeout: 10_000,
      concurrency: 16,
      createQueues: true,
      messageEncoding: 'text',
      credential: undefined,
    });
  });

  it('may stand in the URL, in camel case or as Kombu writes them, and go before transportOptions', () => {
    const query = '?queue_name_prefix=x-&leaseMs=5000&create_queues=no';
    expect(read({ leaseMs: 9000 }, query)).toMatchObject({ queueNamePrefix: 'x-', leaseMs: 5000, createQueues: false });
  });

  it('count leases in whole seconds, none too few', () => {
    expect(read({ leaseMs: 1001 }).leaseMs).toBe(2000);
  });

  it.each([
    [{ leaseMs: 999 }, /leaseMs must be an integer from 1000 up to/],
    [{ leaseMs: 604_800_001 }, /leaseMs/],
    [{ concurrency: 0 }, /concurrency/],
    [{ requestTimeout: 60_000 }, /requestTimeout/],
    [{ messageEncoding: 'xml' }, /messageEncoding must be one of text, base64/],
    [{ credential: 'key' }, /credential must have a method getToken/],
    [{ visibilityTimeout: 1 }, /Unknown option of the azure-storage-queue transport: "visibilityTimeout"/],
  ])('of the wrong kind are refused: %j', (options, message) => {
    expect(() => read(options)).toThrow(message);
  });
});
