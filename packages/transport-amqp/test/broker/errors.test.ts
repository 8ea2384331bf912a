import { Exchange, Queue } from '@kombu/core';
import type { KombuError } from '@kombu/core/spi';
import { TestBroker } from '../support/broker.ts';
import { eventually } from '../support/eventually.ts';
import { RawChannel } from '../support/raw-channel.ts';

let broker: TestBroker;

beforeAll(async () => {
  broker = await TestBroker.open();
});
afterEach(() => broker.closeConnections());
afterAll(() => broker.close());

const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'fine',
    (error: unknown) => (error as KombuError).code,
  );

describe('errors', () => {
  it('of one entity reject its own call, and nothing else is disturbed (R13, R33)', async () => {
    const strays: unknown[] = [];
    const stray = (error: unknown): void => void strays.push(error);
    process.on('unhandledRejection', stray);
    const connection = broker.connection();
    const good = new Queue<string>('good');
    const got: string[] = [];
    await connection.consume(good, async (body, message) => {
      got.push(body);
      await message.ack();
    });
    const taken = new Queue('taken', { messageTtl: 1000 });
    await taken.declare(connection);
    const calls = [
      new Queue('taken', { messageTtl: 2000 }).declare(connection),
      new Exchange('nowhere', { passive: true }).declare(connection),
      new Queue('missing').get(connection),
      new Queue('missing').purge(connection),
      connection.consume('missing', () => {}, { autoDeclare: false }),
      connection.producer().publish('x', { exchange: 'nowhere' }),
      new Queue('amq.mine').declare(connection),
    ];
    expect(await Promise.all(calls.map(codeOf))).toEqual([
      'PRECONDITION_FAILED',
      'NOT_FOUND',
      'NOT_FOUND',
      'NOT_FOUND',
      'NOT_FOUND',
      'NOT_FOUND',
      'ACCESS_REFUSED',
    ]);
    await connection.producer().publish('still here', { routingKey: 'good' });
    await eventually('the consumer of the good queue', () => got.length === 1);
    expect(connection.generation).toBe(1);
    expect(connection.health().healthy).toBe(true);
    expect(strays).toEqual([]);
    process.off('unhandledRejection', stray);
  });

  it('of a request that cannot be written are its own: the channel goes on, and so do the requests around it', async () => {
    await using raw = await RawChannel.open(broker.url);
    const calls = [
      raw.declare('before'),
      raw.declare('q'.repeat(256)),
      raw.declare('half-\ud800'),
      raw.declare('arguments', { arguments: { large: 'x'.repeat(70_000) } }),
      raw.channel.get('q'.repeat(256), { noAck: true }),
      raw.consume('q'.repeat(256)),
      raw.declare('after'),
    ];
    expect(await Promise.all(calls.map(codeOf))).toEqual([
      'fine',
      ...Array.from({ length: 5 }, () => 'INVALID_ARGUMENT'),
      'fine',
    ]);
    expect(raw.ends).toEqual([]);
  });

  it('of a declaration name what differs, ours and theirs', async () => {
    const connection = broker.connection();
    await new Queue('differs', { messageTtl: 1000 }).declare(connection);
    const refused = new Queue('differs', { messageTtl: 2000 }).declare(connection);
    await expect(refused).rejects.toThrow(
      /Declaring queue 'differs'.*x-message-ttl.*received '2000' but current is '1000'/,
    );
  });

  it('of the login say who was refused, what is missing, or what is not offered, without the password', async () => {
    const { server, virtualHost } = broker;
    const attempts: readonly (readonly [string, string])[] = [
      ['ACCESS_REFUSED', server.urlFor({ password: 'wrong-secret', virtualHost })],
      ['NOT_FOUND', server.urlFor({ virtualHost: 'no-such-host' })],
      ['CONNECTION_FAILED', 'amqp://guest:wrong-secret@127.0.0.1:1//'],
    ];
    for (const [code, url] of attempts) {
      const connection = broker.connectionTo(url);
      const error = await connection
        .ensureConnection({ maxRetries: 0 })
        .catch((reason: unknown) => reason as KombuError);
      expect(error).toMatchObject({ code });
      expect((error as KombuError).message).not.toContain('wrong-secret');
    }
    const outsider = `outsider-${Date.now()}`;
    await server.createUser(outsider, 'secret');
    const connection = broker.connectionTo(server.urlFor({ user: outsider, password: 'secret', virtualHost }));
    expect(await codeOf(connection.ensureConnection({ maxRetries: 0 }))).toBe('ACCESS_REFUSED');
    await server.deleteUser(outsider);
  });

  it('of an exclusive queue of another connection are RESOURCE_LOCKED', async () => {
    const [owner, other] = [broker.connection(), broker.connection()];
    const queue = new Queue<string>('mine', { exclusive: true, durable: false });
    await queue.declare(owner);
    expect(await codeOf(queue.get(other))).toBe('RESOURCE_LOCKED');
    // Publishing needs no part in it, also not from the other socket of its owner.
    await owner.producer().publish('hello', { routingKey: 'mine', mandatory: true });
    expect((await queue.get(owner, { noAck: true }))?.payload).toBe('hello');
  });
});
