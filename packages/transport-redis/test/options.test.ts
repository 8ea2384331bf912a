import type { Target } from '@kombu/core/spi';
import { readDatabase, readOptions } from '../src/options.ts';
import { addressesOf, onlyAddressOf } from '../src/servers/addresses.ts';
import { targetOf } from './support/stores.ts';

function read(options: object, url = 'redis://localhost') {
  return readOptions(targetOf(url, options));
}

describe('options', () => {
  it("are Kombu's unless they say otherwise", () => {
    expect(read({})).toMatchObject({
      sep: '\u0006\u0016',
      unackedKey: 'unacked',
      unackedIndexKey: 'unacked_index',
      visibilityTimeout: 3_600_000,
      prioritySteps: [0, 3, 6, 9],
      fanoutPrefix: '/{db}.',
      fanoutPatterns: true,
      globalKeyprefix: '',
      healthCheckInterval: 25_000,
    });
  });

  it('may stand in the URL, in camel case or as Kombu writes them', () => {
    const url =
      'redis://localhost?visibility_timeout=7200000&prioritySteps=0,5&socket_keepalive=no&global_keyprefix=x:';
    expect(read({ visibilityTimeout: 1 }, url)).toMatchObject({
      visibilityTimeout: 7_200_000,
      prioritySteps: [0, 5],
      socketKeepalive: false,
      globalKeyprefix: 'x:',
    });
  });

  it('make a lease no longer than the visibility timeout', () => {
    expect(read({ visibilityTimeout: 5000 }).leaseMs).toBe(5000);
    expect(() => read({ visibilityTimeout: 5000, leaseMs: 6000 })).toThrow(/cannot outlast/);
  });

  it('take the heartbeat of the connection for the time between PINGs', () => {
    const target: Target = { ...targetOf('redis://localhost'), heartbeat: 7000 };
    expect(readOptions(target).healthCheckInterval).toBe(7000);
  });

  it.each([
    [{ visibiltyTimeout: 1 }, /Did you mean "visibilityTimeout"/],
    [{ visibilityTimeout: 0 }, /integer from 1/],
    [{ visibilityTimeout: 1.5 }, /integer/],
    [{ prioritySteps: [3, 6] }, /begin with 0/],
    [{ prioritySteps: [0, 6, 3] }, /ascend/],
    [{ prioritySteps: [0, 10] }, /up to 9/],
    [{ priorityOrder: 'up' }, /amqp, kombu/],
    [{ wakeup: 'push' }, /tracking/],
    [{ fanoutPrefix: 'x.' }, /begins with "\/"/],
    [{ sentinelKwargs: { pasword: 'x' } }, /password/],
    [{ sep: '' }, /not empty/],
  ])('such as %j are refused', (options, message) => {
    expect(() => read(options)).toThrow(message);
    expect(() => read(options)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });
});

describe('the database', () => {
  it.each([
    ['redis://h', false, 0],
    ['redis://h/', false, 0],
    ['redis://h/3', false, 3],
    ['redis://h//3', false, 3],
    ['redis+socket:///run/redis.sock', true, 0],
    ['redis+socket:///run/redis.sock?virtual_host=2', true, 2],
    ['redis+socket:///run/redis.sock?db=4', true, 4],
  ])('of %s', (url, isSocket, database) => {
    expect(readDatabase(targetOf(url), isSocket)).toBe(database);
  });

  it('is a number, and has one place', () => {
    expect(() => readDatabase(targetOf('redis://h/main'), false)).toThrow(/integer/);
    expect(() => readDatabase(targetOf('redis://h/?db=2'), false)).toThrow(/stands behind the host/);
  });
});

describe('addresses', () => {
  it('come from all URLs of a list and from all hosts of a URL, each once', () => {
    const target = targetOf('redis-cluster://a:1,b,[::1]:3/0;redis-cluster://c:4;redis-cluster://a:1;amqp://no');
    expect(addressesOf(target, 6379)).toEqual([
      { host: 'a', port: 1 },
      { host: 'b', port: 6379 },
      { host: '::1', port: 3 },
      { host: 'c', port: 4 },
    ]);
  });

  it('of one server is one', () => {
    expect(onlyAddressOf(targetOf('redis://h:7'), 6379)).toEqual({ host: 'h', port: 7 });
    expect(onlyAddressOf(targetOf('redis://'), 6379)).toEqual({ host: '127.0.0.1', port: 6379 });
    expect(() => onlyAddressOf(targetOf('redis://a:1,b:2'), 6379)).toThrow(/redis-cluster/);
  });
});
