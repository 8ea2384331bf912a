import { Rig, binding, consume, envelope, exchange, queue, to, toQueue, type Rigged } from './rig.ts';

const declareAll = async ({ channel }: Rigged, ...names: string[]): Promise<void> => {
  for (const name of names) await channel.declareQueue(queue(name));
};

const countIn = async ({ channel }: Rigged, name: string): Promise<number> =>
  (await channel.declareQueue(queue(name, { passive: true }))).messageCount;

describe('routing', () => {
  it('behaviour 27: direct goes by equal keys, topic by pattern, fanout to all, headers by arguments', async () => {
    const rigged = await Rig.memory().start();
    const { channel } = rigged;
    await declareAll(rigged, 'a', 'b');
    for (const type of ['direct', 'topic', 'fanout', 'headers']) await channel.declareExchange(exchange(type, type));
    await channel.bind(binding('direct', 'a', 'red'));
    await channel.bind(binding('topic', 'a', 'stock.*'));
    await channel.bind(binding('topic', 'b', 'stock.#'));
    await channel.bind(binding('fanout', 'a'));
    await channel.bind(binding('fanout', 'b'));
    await channel.bind(binding('headers', 'b', '', { arguments: { 'x-match': 'all', color: 'red' } }));

    const reached = async (route: { exchange: string; key: string; headers?: Record<string, unknown> }) => {
      await channel.publish(envelope('m', {}, route.headers), to(route.exchange, route.key));
      const counts = [await channel.purgeQueue('a'), await channel.purgeQueue('b')];
      return ['a', 'b'].filter((_, index) => counts[index] === 1).join('');
    };
    expect(await reached({ exchange: 'direct', key: 'red' })).toBe('a');
    expect(await reached({ exchange: 'direct', key: 'green' })).toBe('');
    expect(await reached({ exchange: 'topic', key: 'stock.us' })).toBe('ab');
    expect(await reached({ exchange: 'topic', key: 'stock' })).toBe('b');
    expect(await reached({ exchange: 'topic', key: 'stock.us.x' })).toBe('b');
    expect(await reached({ exchange: 'fanout', key: 'anything' })).toBe('ab');
    expect(await reached({ exchange: 'headers', key: '', headers: { color: 'red' } })).toBe('b');
    expect(await reached({ exchange: 'headers', key: '', headers: { color: 'blue' } })).toBe('');
  });

  it('behaviour 27: overlapping bindings give one delivery per queue', async () => {
    const rigged = await Rig.memory().start();
    const { channel } = rigged;
    await declareAll(rigged, 'q');
    await channel.declareExchange(exchange('t', 'topic'));
    for (const key of ['a.b', 'a.*', '#', 'a.#']) await channel.bind(binding('t', 'q', key));
    await channel.publish(envelope(), to('t', 'a.b'));
    expect(await countIn(rigged, 'q')).toBe(1);
  });

  it('behaviour 27: declaring again checks type, durability, auto-delete and arguments, and names what differs', async () => {
    const { channel } = await Rig.memory().start();
    const declared = exchange('e', 'direct', { arguments: { 'alternate-exchange': 'other' } });
    await channel.declareExchange(declared);
    await channel.declareExchange({ ...declared });
    for (const [argument, change] of [
      ['type', { type: 'topic' }],
      ['durable', { durable: false }],
      ['autoDelete', { autoDelete: true }],
      ['alternate-exchange', { arguments: {} }],
    ] as const) {
      await expect(channel.declareExchange({ ...declared, ...change })).rejects.toMatchObject({
        code: 'PRECONDITION_FAILED',
        message: expect.stringMatching(new RegExp(`exchange "e" exists with ${argument} .+ declared with`)),
      });
    }
  });

  it('carries the message on from exchange to exchange, and to the alternate exchange when nothing matches', async () => {
    const rigged = await Rig.memory().start();
    const { channel } = rigged;
    await declareAll(rigged, 'far', 'lost');
    await channel.declareExchange(exchange('near', 'topic', { arguments: { 'alternate-exchange': 'attic' } }));
    await channel.declareExchange(exchange('middle', 'direct'));
    await channel.declareExchange(exchange('attic', 'fanout'));
    await channel.bind(binding('near', 'middle', 'x.#', { destinationType: 'exchange' }));
    await channel.bind(binding('middle', 'far', 'x.y'));
    await channel.bind(binding('attic', 'lost'));
    await channel.publish(envelope(), to('near', 'x.y', { mandatory: true }));
    await channel.publish(envelope(), to('near', 'z', { mandatory: true }));
    expect([await countIn(rigged, 'far'), await countIn(rigged, 'lost')]).toEqual([1, 1]);
  });

  it('knows the predefined exchanges and keeps their names reserved', async () => {
    const rigged = await Rig.memory().start();
    const { channel } = rigged;
    await declareAll(rigged, 'q');
    await channel.declareExchange(exchange('amq.topic', 'topic'));
    await channel.declareExchange(exchange('amq.match', 'headers', { passive: true }));
    await channel.bind(binding('amq.topic', 'q', 'k'));
    await channel.publish(envelope(), to('amq.topic', 'k', { mandatory: true }));
    expect(await countIn(rigged, 'q')).toBe(1);
    await expect(channel.declareExchange(exchange('amq.topic', 'direct'))).rejects.toMatchObject({
      code: 'PRECONDITION_FAILED',
    });
    await expect(channel.declareExchange(exchange('amq.mine', 'direct'))).rejects.toMatchObject({
      code: 'ACCESS_REFUSED',
    });
    await expect(channel.deleteExchange('amq.topic', { ifUnused: false })).rejects.toMatchObject({
      code: 'ACCESS_REFUSED',
    });
  });

  it('rejects what goes to, or is bound to, an exchange or a queue that does not exist', async () => {
    const { channel } = await Rig.memory().start();
    await channel.declareExchange(exchange('e', 'direct'));
    await channel.declareQueue(queue('q'));
    const missing = { code: 'NOT_FOUND' };
    await expect(channel.publish(envelope(), to('nowhere', 'k'))).rejects.toMatchObject(missing);
    await expect(channel.bind(binding('nowhere', 'q'))).rejects.toMatchObject(missing);
    await expect(channel.bind(binding('e', 'nowhere'))).rejects.toMatchObject(missing);
    await expect(channel.bind(binding('e', 'nowhere', '', { destinationType: 'exchange' }))).rejects.toMatchObject(
      missing,
    );
    await expect(channel.unbind(binding('nowhere', 'q'))).rejects.toMatchObject(missing);
    await expect(channel.unbind(binding('e', 'nowhere'))).rejects.toMatchObject(missing);
    await expect(channel.declareExchange(exchange('nowhere', 'direct', { passive: true }))).rejects.toMatchObject(
      missing,
    );
  });

  it('drops what no queue gets, and rejects it when it is mandatory', async () => {
    const { channel } = await Rig.memory().start();
    await channel.declareExchange(exchange('e', 'direct'));
    expect(await channel.publish(envelope(), to('e', 'k'))).toBe('confirmed');
    await expect(channel.publish(envelope(), to('e', 'k', { mandatory: true }))).rejects.toMatchObject({
      code: 'UNROUTABLE',
    });
    expect(await channel.publish(envelope(), toQueue('nobody'))).toBe('confirmed');
    await expect(channel.publish(envelope(), toQueue('nobody', { mandatory: true }))).rejects.toMatchObject({
      code: 'UNROUTABLE',
    });
  });

  it('unbinds one binding and leaves the others', async () => {
    const rigged = await Rig.memory().start();
    const { channel } = rigged;
    await declareAll(rigged, 'q');
    await channel.declareExchange(exchange('e', 'direct'));
    await channel.bind(binding('e', 'q', 'one'));
    await channel.bind(binding('e', 'q', 'two'));
    await channel.bind(binding('e', 'q', 'two'));
    await channel.unbind(binding('e', 'q', 'two'));
    await channel.publish(envelope(), to('e', 'one'));
    await channel.publish(envelope(), to('e', 'two'));
    expect(await countIn(rigged, 'q')).toBe(1);
  });

  it('deletes an exchange, but not one in use when asked to be careful', async () => {
    const rigged = await Rig.memory().start();
    const { channel } = rigged;
    await declareAll(rigged, 'q');
    await channel.declareExchange(exchange('e', 'direct'));
    await channel.bind(binding('e', 'q', 'k'));
    await expect(channel.deleteExchange('e', { ifUnused: true })).rejects.toMatchObject({
      code: 'PRECONDITION_FAILED',
    });
    await channel.deleteExchange('e', { ifUnused: false });
    await channel.deleteExchange('e', { ifUnused: true });
    await expect(channel.publish(envelope(), to('e', 'k'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('lets an auto-delete exchange go with its last binding, and what led to it with it', async () => {
    const rigged = await Rig.memory().start();
    const { channel } = rigged;
    await declareAll(rigged, 'one', 'two');
    await channel.declareExchange(exchange('outer', 'fanout', { autoDelete: true }));
    await channel.declareExchange(exchange('inner', 'fanout', { autoDelete: true }));
    await channel.bind(binding('outer', 'inner', '', { destinationType: 'exchange' }));
    await channel.bind(binding('inner', 'one'));
    await channel.bind(binding('inner', 'two'));
    await channel.unbind(binding('inner', 'one'));
    await channel.declareExchange(exchange('inner', 'fanout', { passive: true }));
    await channel.deleteQueue('two', { ifUnused: false, ifEmpty: false });
    for (const name of ['inner', 'outer']) {
      await expect(channel.declareExchange(exchange(name, 'fanout', { passive: true }))).rejects.toMatchObject({
        code: 'NOT_FOUND',
      });
    }
  });

  it('refuses exchange types that nobody can route by', async () => {
    const { channel } = await Rig.memory().start();
    await expect(channel.declareExchange(exchange('e', 'x-delayed-message'))).rejects.toMatchObject({
      code: 'UNSUPPORTED',
    });
    await expect(channel.publish(envelope(), to('e', 'k'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('shares exchanges, queues and bindings between all connections to one broker', async () => {
    const rig = Rig.memory();
    const first = await rig.start('shared');
    const second = await rig.start('shared');
    const other = await rig.start('other');
    await first.channel.declareExchange(exchange('e', 'direct'));
    await first.channel.declareQueue(queue('q'));
    await first.channel.bind(binding('e', 'q', 'k'));
    await second.channel.publish(envelope('over there'), to('e', 'k', { mandatory: true }));
    await first.channel.consume(consume('q'));
    await rig.settle();
    expect(first.events.bodies).toEqual(['over there']);
    await expect(other.channel.publish(envelope(), to('e', 'k'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('tells what it can do', () => {
    expect(Rig.memory().transport.capabilities).toEqual({
      exchangeTypes: ['direct', 'topic', 'fanout', 'headers'],
      exchangeBindings: true,
      priority: true,
      delay: true,
      ttl: true,
      queueLimits: true,
      sharedBindings: true,
      acknowledge: 'broker',
      leaseMs: 30_000,
      ordering: 'fifo',
      publisherConfirms: true,
      heartbeats: false,
    });
  });
});
