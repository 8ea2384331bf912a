import {
  MongoNetworkError,
  MongoServerError,
  MongoServerSelectionError,
  ObjectId,
  type TopologyDescription,
} from 'mongodb';
import { databaseOf } from '../src/connect.ts';
import { mongodbTransport } from '../src/index.ts';
import { priorityOf } from '../src/payload-priority.ts';
import { driverQuery, readOptions, type MongoTransportOptions } from '../src/options.ts';
import { targetOf } from './support/stores.ts';

describe('options', () => {
  it('are read from the URL, in either spelling, and leave the driver its own', () => {
    const target = targetOf(
      'mongodb://h1:1,h2:2/db?replicaSet=rs&ttl=true&messages_collection=m&leaseMs=5&authSource=x',
    );
    expect(readOptions(target)).toMatchObject({ ttl: true, messagesCollection: 'm', leaseMs: 5, wakeup: 'auto' });
    expect(driverQuery(target)).toEqual([
      ['replicaSet', 'rs'],
      ['authSource', 'x'],
    ]);
    expect(target.hostname).toBe('h1:1,h2:2');
  });

  it.each([
    { leaseMs: 0 },
    { ttl: 'perhaps' },
    { wakeup: 'never' },
    { messagesCollection: '' },
    { visibilityTimeout: 1 },
  ])('that cannot be are refused: %j', (options) => {
    const read = (): unknown => readOptions(targetOf('mongodb://h', options as unknown as MongoTransportOptions));
    expect(read).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }) as Error);
  });

  it.each([
    ['mongodb://h', 'kombu_default'],
    ['mongodb://h/', 'kombu_default'],
    ['mongodb://h//', 'kombu_default'],
    ['mongodb://h/shop', 'shop'],
    ['mongodb://h/?default_database=other', 'other'],
  ])('name the database as Kombu does: %s', (url, name) => {
    const target = targetOf(url);
    expect(databaseOf(target, readOptions(target))).toBe(name);
  });
});

function reply(code: number): Error {
  return new MongoServerError({ message: 'no', code });
}

describe('classify', () => {
  it.each([
    [reply(18), 'ACCESS_REFUSED'],
    [reply(13), 'ACCESS_REFUSED'],
    [reply(10_107), 'CONNECTION_FAILED'],
    [reply(11_600), 'CONNECTION_LOST'],
    [reply(64), 'TIMEOUT'],
    [reply(238), 'UNSUPPORTED'],
    [reply(10_334), 'LIMIT_EXCEEDED'],
    [reply(123_456), 'INTERNAL'],
    [new MongoNetworkError('connection 1 to h closed'), 'CONNECTION_LOST'],
    [new MongoNetworkError('connect ECONNREFUSED 127.0.0.1:1'), 'CONNECTION_FAILED'],
    [new MongoServerSelectionError('nobody', {} as TopologyDescription), 'CONNECTION_FAILED'],
    [Object.assign(new Error('x'), { code: 'ECONNRESET' }), 'CONNECTION_LOST'],
    [new Error('x'), 'INTERNAL'],
    [undefined, 'INTERNAL'],
  ] as const)('%s', (error, code) => {
    expect(mongodbTransport.classify(error)).toBe(code);
  });
});

describe('the priority of a payload', () => {
  it.each([
    ['{"properties":{"priority":7}}', 7],
    ['{"properties":{"priority":99}}', 9],
    ['{"properties":{"priority":"7"}}', 0],
    ['{"properties":{}}', 0],
    ['[]', 0],
    ['no JSON', 0],
  ])('%s', (payload, priority) => {
    expect(priorityOf(payload)).toBe(priority);
  });
});

it('ids that are made one after the other are in order, which is the order of a queue', () => {
  const ids = Array.from({ length: 1000 }, () => new ObjectId().toHexString());
  expect(ids.toSorted()).toEqual(ids);
});
