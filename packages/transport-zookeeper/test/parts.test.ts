import type { Target } from '@kombu/core/spi';
import { ConnectionError } from '@kombu/core/spi';
import { ManualClock } from '@kombu/testing';
import * as fc from 'fast-check';
import { zookeeperTransport } from '../src/index.ts';
import { deliveriesOf, entryPrefix, inOrder, isEntry, prefixOf, returned } from '../src/entries.ts';
import { TransactionError, UnknownAnswerError } from '../src/errors.ts';
import { FrameReader } from '../src/frames.ts';
import { hostsOf } from '../src/hosts.ts';
import { readOptions, type ZooKeeperOptions, type ZooKeeperTransportOptions } from '../src/options.ts';
import { Paths, claimName, readClaimName } from '../src/paths.ts';
import { Silence } from '../src/silence.ts';
import { targetOf } from './support/stores.ts';

describe('entries', () => {
  it('stand in the order of priority, then of arrival, also after they were given back', () => {
    const names = ['entry-009-0000000001', 'entry-000-0000000007', 'entry-009-0000000000', 'other'];
    const back = returned(returned('entry-009-0000000000'));
    expect(inOrder([...names.slice(0, 2), back, 'entry-009-0000000002'])).toEqual([
      'entry-000-0000000007',
      'entry-009-0000000000.2',
      'entry-009-0000000001',
      'entry-009-0000000002',
    ]);
    expect([deliveriesOf(back), prefixOf(back), entryPrefix(9)]).toEqual([2, 'entry-009-', 'entry-000-']);
    expect(['entry-1-2', 'entry-009-0000000001.x', 'lock-0000000001'].some(isEntry)).toBe(false);
  });
});

describe('paths', () => {
  const paths = new Paths('/shop/eu');

  it('are those of Kombu for every name that can be a path', () => {
    expect(paths.queue('a.b')).toBe('/shop/eu/a.b');
    expect(paths.queue('a/b')).toBe('/shop/eu/a/b');
    expect(paths.queue('grüße-你好')).toBe('/shop/eu/grüße-你好');
    expect(new Paths().queue('q')).toBe('/q');
    expect(new Paths('/').queue('q')).toBe('/q');
  });

  it.each(['', '.', 'a//b', '/a', 'a/', 'a/..', 'new\nline', '🎈', '.kombu/owners', 'a/entry-009-0000000001'])(
    'are encoded for %j',
    (name) => {
      expect(paths.queue(name)).toBe(`/shop/eu/.kombu/names/${encodeURIComponent(name)}`);
    },
  );

  it('keep away from what is the server’s own', () => {
    expect(new Paths().queue('zookeeper/quota')).toBe('/.kombu/names/zookeeper%2Fquota');
    expect(paths.queue('zookeeper')).toBe('/shop/eu/zookeeper');
  });

  it('differ for different names, and claims tell them', () => {
    const name = fc.string({ unit: fc.constantFrom('a', '/', '.', '%', '2', 'F', '\n', '🎈', '@', 'é'), maxLength: 8 });
    fc.assert(
      fc.property(name, name, (one, other) => {
        expect(paths.queue(one) === paths.queue(other)).toBe(one === other);
        const entry = 'entry-009-0000000001.3';
        expect(readClaimName(claimName(one, entry))).toEqual({ queue: one, entry });
      }),
    );
    expect(readClaimName('entry-009-0000000001')).toBeUndefined();
    expect(readClaimName('entry-009-0000000001@%')).toBeUndefined();
    expect(() => paths.queue('\ud800')).toThrow(/half a character/);
    expect(() => new Paths('a/../b')).toThrow(/no path/);
  });
});

describe('answers', () => {
  it('come out whole however they are cut', () => {
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[a-z]{0,9}$/)), fc.array(fc.nat(40)), (bodies, cuts) => {
        const all = Buffer.concat(bodies.map(frame));
        const places = [0, ...cuts.map((cut) => Math.min(cut, all.length)).toSorted((a, b) => a - b), all.length];
        const reader = new FrameReader();
        const pieces = places.slice(1).map((end, index) => all.subarray(places[index], end));
        const found = pieces.flatMap((piece) => reader.push(piece).map((each) => each.toString('latin1', 4)));
        expect(found).toEqual(bodies);
      }),
    );
  });

  it.each([-1, 0x7fffffff, 0x48545450])('cannot be %i bytes long', (size) => {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32BE(size);
    expect(() => new FrameReader().push(bytes)).toThrow(ConnectionError);
  });
});

describe('silence', () => {
  it('is broken off after two thirds of a session, and by nothing else', async () => {
    const clock = new ManualClock();
    const broken: number[] = [];
    const silence = new Silence(clock, 3000, (ms) => broken.push(ms));
    for (let round = 0; round < 20; round++) {
      await clock.advance(1900);
      silence.heard();
    }
    expect(broken).toEqual([]);
    await clock.advance(1999);
    expect(broken).toEqual([]);
    await clock.advance(1);
    expect(broken).toEqual([2000]);
    expect(clock.pending).toBe(0);
  });

  it('ends with its session', async () => {
    const clock = new ManualClock();
    const broken: number[] = [];
    new Silence(clock, 3000, (ms) => broken.push(ms)).stop();
    await clock.advance(10_000);
    expect([broken, clock.pending]).toEqual([[], 0]);
  });
});

describe('options', () => {
  it('have defaults, and the URL wins', () => {
    expect(read('zookeeper://h/')).toEqual({ sessionTimeout: 30_000, hostTimeout: 3000, acl: 'open' });
    expect(read('zk://u:p@h/?sessionTimeout=5000', { sessionTimeout: 1, hostTimeout: 7 })).toEqual({
      sessionTimeout: 5000,
      hostTimeout: 7,
      acl: 'creator',
    });
    expect(read('zk://u:p@h/', { acl: 'open' }).acl).toBe('open');
    expect(read('zk://h/', {}, { heartbeat: 4000 }).sessionTimeout).toBe(12_000);
  });

  it('are refused when they mean nothing', () => {
    expect(() => read('zk://h/?sesionTimeout=1')).toThrow(/sessionTimeout/);
    expect(() => read('zk://h/?sessionTimeout=0')).toThrow(/sessionTimeout/);
    expect(() => read('zk://h/', { acl: 'creator' })).toThrow(/no user/);
    expect(() => read('zk://h/', {}, { ssl: true })).toThrow(/TLS/);
  });

  it('name the whole ensemble', () => {
    expect(hostsOf(targetOf('zookeeper://a,b:2182,c/x'))).toEqual(['a:2181', 'b:2182', 'c:2181']);
    expect(hostsOf(targetOf('zookeeper://a:1/x;zookeeper://b:2/x;zk://a:1'))).toEqual(['a:1', 'b:2']);
    expect(hostsOf(targetOf('zookeeper:///x'))).toEqual(['127.0.0.1:2181']);
    expect(() => hostsOf(targetOf('zookeeper://[::1]:2181/'))).toThrow(/IPv6/);
  });
});

describe('classify', () => {
  it('knows what servers and sockets say', () => {
    expect(code({ code: -4 })).toBe('CONNECTION_LOST');
    expect(code({ code: -112 })).toBe('CONNECTION_LOST');
    expect(code({ code: -102 })).toBe('ACCESS_REFUSED');
    expect(code(new TransactionError({ code: -101, message: 'NO_NODE' }, 1))).toBe('NOT_FOUND');
    expect(code(new UnknownAnswerError(new Error('Unknown code: -125')))).toBe('BLOCKED');
    expect(code(new UnknownAnswerError('?'))).toBe('CHANNEL_ERROR');
    expect(code(system('ECONNREFUSED'))).toBe('CONNECTION_FAILED');
    expect(code(new ConnectionError('', { code: 'CLOSED' }))).toBe('CLOSED');
    expect([code(undefined), code('what'), code({ code: -9999 })]).toEqual(['INTERNAL', 'INTERNAL', 'INTERNAL']);
  });
});

/** An answer, with its length before it. */
function frame(body: string): Buffer {
  const bytes = Buffer.alloc(4 + body.length);
  bytes.writeInt32BE(body.length);
  bytes.write(body, 4);
  return bytes;
}

function read(url: string, options: ZooKeeperTransportOptions = {}, more: Partial<Target> = {}): ZooKeeperOptions {
  return readOptions({ ...targetOf(url, options), ...more });
}

function code(error: unknown): string {
  return zookeeperTransport.classify(error);
}

/** As Node's sockets throw it. */
function system(name: string): Error {
  return Object.assign(new Error(name), { code: name });
}
