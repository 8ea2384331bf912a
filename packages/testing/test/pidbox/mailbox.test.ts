import { Mailbox, type MailboxOptions, type Node, ResourceLockedError } from '@kombu/core';
import { MemoryBench, onMemory } from '../client/support/memory-bench.ts';

type Seen = [string, unknown];

/** A mailbox on a connection of its own. */
const mailboxOn = (bench: MemoryBench, options: MailboxOptions = {}): Mailbox =>
  new Mailbox('celery', options).bind(bench.connection());

/** A node that answers `ping`, and notes what it was told. */
const nodeOn = async (
  bench: MemoryBench,
  hostname: string,
  seen: Seen[] = [],
  options: MailboxOptions = {},
): Promise<Node<Seen[]>> => {
  const node = mailboxOn(bench, options).node<Seen[]>(hostname, {
    state: seen,
    handlers: {
      ping: (state, args) => {
        state.push([hostname, args]);
        return 'pong';
      },
      fail: () => {
        throw new TypeError('no such "thing"');
      },
    },
  });
  await node.listen();
  return node;
};

describe('behaviour 24: remote control', () => {
  it(
    'a call reaches the nodes that it names, and gives their answers by name',
    onMemory(async (bench) => {
      const seen: Seen[] = [];
      for (const name of ['a', 'b', 'c']) await nodeOn(bench, name, seen);
      const replies = await mailboxOn(bench).call(['a', 'c'], 'ping', { loud: true });
      expect(replies.toSorted((x, y) => JSON.stringify(x).localeCompare(JSON.stringify(y)))).toEqual([
        { a: 'pong' },
        { c: 'pong' },
      ]);
      expect(seen.toSorted(([x], [y]) => x.localeCompare(y))).toEqual([
        ['a', { loud: true }],
        ['c', { loud: true }],
      ]);
    }),
  );

  it.each(['direct', 'fanout'] as const)('a %s broadcast reaches all nodes', (type) =>
    onMemory(async (bench) => {
      const seen: Seen[] = [];
      for (const name of ['a', 'b']) await nodeOn(bench, name, seen, { type });
      await mailboxOn(bench, { type }).broadcast('ping');
      await bench.until(1000, () => seen.length === 2);
      expect(seen.map(([name]) => name).toSorted()).toEqual(['a', 'b']);
    })(),
  );

  it(
    'a pattern chooses nodes by name',
    onMemory(async (bench) => {
      for (const name of ['celery@one', 'celery@two', 'other@one']) await nodeOn(bench, name);
      const mailbox = mailboxOn(bench);
      const reached = async (pattern: string, matcher?: string): Promise<string[]> => {
        const replies = await bench.within(2000, mailbox.multiCall('ping', {}, { pattern, matcher }));
        return replies.flatMap((reply) => Object.keys(reply)).toSorted();
      };
      expect(await reached('celery@*')).toEqual(['celery@one', 'celery@two']);
      expect(await reached('.*@one', 'pcre')).toEqual(['celery@one', 'other@one']);
    }),
  );

  it(
    'a call ends at its limit, or with what there is when the time is up',
    onMemory(async (bench) => {
      for (const name of ['a', 'b']) await nodeOn(bench, name);
      const mailbox = mailboxOn(bench);
      expect(await mailbox.multiCall('ping', {}, { limit: 1 })).toHaveLength(1);
      const waiting = mailbox.call(['a', 'missing'], 'ping', {}, { timeout: 500 });
      expect(await bench.within(600, waiting)).toEqual([{ a: 'pong' }]);
    }),
  );

  it(
    'many calls share one queue for answers, and each gets its own',
    onMemory(async (bench) => {
      const node = await nodeOn(bench, 'a');
      node.handle('echo', (_state, args) => args['n']);
      const mailbox = mailboxOn(bench);
      const calls = Array.from({ length: 50 }, (_, n) => mailbox.call(['a'], 'echo', { n }));
      expect(await Promise.all(calls)).toEqual(Array.from({ length: 50 }, (_, n) => [{ a: n }]));
    }),
  );

  it(
    'a handler that throws, or is missing, is an answer; the node lives on',
    onMemory(async (bench) => {
      await nodeOn(bench, 'a');
      const mailbox = mailboxOn(bench);
      expect(await mailbox.call(['a'], 'fail')).toEqual([{ a: { error: String.raw`TypeError("no such \"thing\"")` } }]);
      expect(await mailbox.call(['a'], 'unknown')).toEqual([
        { a: { error: expect.stringContaining('There is no handler for') } },
      ]);
      expect(await mailbox.call(['a'], 'ping')).toEqual([{ a: 'pong' }]);
    }),
  );

  it(
    'both ends adjust their clocks',
    onMemory(async (bench) => {
      const node = await nodeOn(bench, 'a');
      const mailbox = mailboxOn(bench);
      mailbox.clock.adjust(100);
      await mailbox.call(['a'], 'ping');
      // 102 when it was sent, 103 at the node, 104 when it answered.
      expect(mailbox.clock.value).toBe(105);
      await node.close();
    }),
  );

  it(
    'a second node of a name is refused, and says why',
    onMemory(async (bench) => {
      await nodeOn(bench, 'a');
      await expect(nodeOn(bench, 'a')).rejects.toBeInstanceOf(ResourceLockedError);
      await expect(nodeOn(bench, 'a')).rejects.toThrow(/"a" listens already/);
    }),
  );

  it(
    'shared queues warn of a second node',
    onMemory(async (bench) => {
      await nodeOn(bench, 'a', [], { queueExclusive: false });
      await nodeOn(bench, 'a', [], { queueExclusive: false });
      expect(bench.log.join('\n')).toContain('is already using this mailbox');
    }),
  );

  it('a queue cannot be durable and exclusive', () => {
    expect(() => new Mailbox('n', { queueDurable: true })).toThrow(/durable and exclusive/);
    const queue = new Mailbox('n', { queueDurable: true, queueExclusive: false }).queueOf('h');
    expect(queue).toMatchObject({ name: 'h.n.pidbox', durable: true, autoDelete: false, exclusive: false });
    expect(new Mailbox('n').queueOf('h')).toMatchObject({ durable: false, autoDelete: true, exclusive: true });
  });

  it('has an address of its own for each bound copy, and works only bound', async () => {
    const mailbox = new Mailbox('n');
    const bench = new MemoryBench();
    const connection = bench.connection();
    expect(mailbox.bind(connection).oid).not.toBe(mailbox.bind(connection).oid);
    await expect(mailbox.broadcast('ping')).rejects.toMatchObject({ code: 'NOT_BOUND' });
    expect(() => mailbox.node()).toThrow(expect.objectContaining({ code: 'NOT_BOUND' }));
    await bench.close();
  });

  it(
    'what is no command is logged and dropped',
    onMemory(async (bench) => {
      await nodeOn(bench, 'a');
      const mailbox = mailboxOn(bench);
      const producer = bench.connection().producer({ exchange: mailbox.exchange, serializer: 'json' });
      for (const body of [null, 7, 'ping', [], {}, { method: 7 }]) await producer.publish(body);
      await producer.publish({ method: 'ping', destination: 'a', reply_to: 3, arguments: [] });
      await bench.until(1000, () => bench.log.filter((line) => line.includes('no command')).length === 6);
      expect(await mailbox.call(['a'], 'ping')).toEqual([{ a: 'pong' }]);
    }),
  );

  it(
    'an answer that may not be decoded ends the call with its error',
    onMemory(async (bench) => {
      const mailbox = mailboxOn(bench);
      const spy = bench.connection();
      await spy.consume(mailbox.queueOf('spy'), (body) =>
        spy.producer().publish(Buffer.from('cposix\nsystem\n'), {
          exchange: mailbox.replyExchange,
          routingKey: mailbox.oid,
          contentType: 'application/x-python-serialize',
          headers: { ticket: (body as { ticket: string }).ticket },
        }),
      );
      await expect(mailbox.call(['spy'], 'ping')).rejects.toMatchObject({ code: 'CONTENT_DISALLOWED' });
    }),
  );

  it(
    'the wire is that of kombu.pidbox',
    onMemory(async (bench) => {
      const mailbox = mailboxOn(bench);
      const spy = bench.connection();
      const commands: unknown[] = [];
      const queue = mailbox.queueOf('spy');
      await spy.consume(queue, async (body, message) => commands.push([body, message.headers, message.deliveryInfo]));
      const waiting = mailbox.call(['spy'], 'ping', { a: 1 }, { timeout: 2000 });
      await bench.until(1000, () => commands.length === 1);
      const [[body, headers, info]] = commands as [[{ ticket: string }, object, object]];
      expect(body).toEqual({
        method: 'ping',
        arguments: { a: 1 },
        destination: ['spy'],
        pattern: null,
        matcher: null,
        ticket: expect.stringMatching(/^[0-9a-f-]{36}$/),
        reply_to: { exchange: 'reply.celery.pidbox', routing_key: mailbox.oid },
      });
      expect(headers).toEqual({ clock: 1, expires: (bench.clock.now() + 2000) / 1000 });
      expect(info).toMatchObject({ exchange: 'celery.pidbox', routingKey: '' });
      await spy
        .producer()
        .publish(
          { spy: 'pong' },
          { exchange: 'reply.celery.pidbox', routingKey: mailbox.oid, headers: { ticket: body.ticket, clock: 2 } },
        );
      expect(await waiting).toEqual([{ spy: 'pong' }]);
    }),
  );

  it(
    'closing the mailbox removes its queue for answers',
    onMemory(async (bench) => {
      await nodeOn(bench, 'a');
      const mailbox = mailboxOn(bench);
      await mailbox.call(['a'], 'ping');
      const name = `${mailbox.oid}.reply.celery.pidbox`;
      const other = bench.connection();
      await expect(other.simpleQueue(name).qsize()).rejects.toMatchObject({ code: 'RESOURCE_LOCKED' });
      await mailbox.close();
      expect(bench.broker.topology.queue(name)).toBeUndefined();
    }),
  );
});
