import { InvalidArgumentError } from '@kombu/core';
import { readOptions } from '../src/options.ts';
import { backoffMsOf } from '../src/predefined-queues.ts';
import { targetOf } from './support/stores.ts';

const url = 'https://sqs.eu-west-1.amazonaws.com/123/orders';

describe('options of SQS', () => {
  it('have the values of Kombu where it has them, and of the service', () => {
    expect(readOptions(targetOf('sqs://'))).toMatchObject({
      visibilityTimeout: 1_800_000,
      leaseMs: 60_000,
      waitTimeSeconds: 20,
      queueNamePrefix: '',
      sqsBase64Encoding: true,
      predefinedQueues: undefined,
    });
  });

  it("are understood in the URL and in Kombu's spelling", () => {
    const target = targetOf('sqs://h?region=eu-west-1&wait_time_seconds=5&queue_name_prefix=a-&is_secure=true', {
      sqsBase64Encoding: false,
      ['sqs-creation-attributes' as 'sqsCreationAttributes']: { KmsMasterKeyId: 'alias/aws/sqs' },
    });
    expect(readOptions(target)).toMatchObject({
      region: 'eu-west-1',
      waitTimeSeconds: 5,
      queueNamePrefix: 'a-',
      isSecure: true,
      sqsBase64Encoding: false,
      sqsCreationAttributes: { KmsMasterKeyId: 'alias/aws/sqs' },
    });
  });

  it.each([
    [{ waitTimeSeconds: 21 }, 'waitTimeSeconds'],
    [{ leaseMs: 1500 }, 'whole seconds'],
    [{ leaseMs: 43_201_000 }, 'leaseMs'],
    [{ endpoint: 'localhost:4566' }, 'endpoint'],
    [{ predefinedQueues: { 'orders.fifo': { url } } }, 'FIFO'],
    [{ predefinedQueues: { orders: { url: 'orders' } } }, 'no URL'],
    [{ predefinedQueues: { orders: { url, backoffPolicy: { 0: 1 } } } }, 'backoffPolicy'],
    [{ deadLetter: { queue: 'dead' } as never }, 'maxReceiveCount'],
    [{ waitTime: 1 } as never, 'waitTime'],
  ])('that make no sense are refused: %j', (options, words) => {
    expect(() => readOptions(targetOf('sqs://', options))).toThrow(InvalidArgumentError);
    expect(() => readOptions(targetOf('sqs://', options))).toThrow(words);
  });

  it('never show a secret', () => {
    const credentials = { accessKeyId: 'id', secretAccessKey: { hidden: 's3cret' } } as never;
    expect(() => readOptions(targetOf('sqs://', { credentials }))).toThrow(/^(?!.*s3cret)/s);
  });

  it('say how long to hide what is given back, by the number of deliveries', () => {
    const policy = { 1: 10, 2: 20, 4: 40 };
    expect([1, 2, 3, 4, 9].map((count) => backoffMsOf(policy, count))).toEqual([10, 20, 0, 40, 40]);
    expect(backoffMsOf(undefined, 1)).toBe(0);
  });
});
