import { Rig, binding, consume, envelope, exchange, queue, to, toQueue } from './rig.ts';

const gone = { code: 'NOT_FOUND' };

describe('queues', () => {
  it('tells how many messages are ready and how many consumers there are', async () => {
    const rig = Rig.memory();
    const { channel } = await rig.start();
    expect(await channel.declareQueue(queue('q'))).toEqual({ queue: 'q', messageCount: 0, consumerCount: 0 });
    for (const body of ['1', '2', '3']) await channel.publish(envelope(body), toQueue('q'));
    await channel.consume(consume('q', { prefetch: 1 }));
    await rig.settle();
    expect(await channel.declareQueue(queue('q'))).toEqual({ queue: 'q', messageCount: 2, consumerCount: 1 });
  });

  it('behaviour 27: declaring again checks all properties, and names what differs', async () => {
    const { channel } = await Rig.memory().start();
    const declared = queue('q', { arguments: { 'x-message-ttl': 1000, nested: { b: 1, a: [2] } } });
    await channel.declareQueue(declared);
    await channel.declareQueue({ ...declared, arguments: { nested: { a: [2], b: 1 }, 'x-message-ttl': 1000 } });
    for (const [argument, change] of [
      ['durable', { durable: false }],
      ['autoDelete', { autoDelete: true }],
      ['x-message-ttl', { arguments: { ...declared.arguments, 'x-message-ttl': 2000 } }],
      ['nested', { arguments: { 'x-message-ttl': 1000, nested: { a: [3], b: 1 } } }],
      ['x-max-length', { arguments: { ...declared.arguments, 'x-max-length': 5 } }],
    ] as const) {
      await expect(channel.declareQueue({ ...declared, ...change })).rejects.toMatchObject({
        code: 'PRECONDITION_FAILED',
        message: expect.stringMatching(new RegExp(`queue "q" exists with ${argument} .+ declared with`)),
      });
    }
  });

  it('only looks when asked passively', async () => {
    const { channel } = await Rig.memory().start();
    await expect(channel.declareQueue(queue('q', { passive: true }))).rejects.toMatchObject(gone);
    await channel.declareQueue(queue('q'));
    // Other properties do not matter then.
    await channel.declareQueue(queue('q', { passive: true, durable: false }));
  });

  it('refuses to read, consume and purge what does not exist; deleting it is no error', async () => {
    const { channel } = await Rig.memory().start();
    await expect(channel.get('q', { noAck: false })).rejects.toMatchObject(gone);
    await expect(channel.consume(consume('q'))).rejects.toMatchObject(gone);
    await expect(channel.purgeQueue('q')).rejects.toMatchObject(gone);
    expect(await channel.deleteQueue('q', { ifUnused: false, ifEmpty: false })).toBe(0);
  });

  it('purges what is ready and not what is in the hands of a consumer', async () => {
    const { channel } = await Rig.memory().start();
    await channel.declareQueue(queue('q'));
    for (const body of ['1', '2', '3']) await channel.publish(envelope(body), toQueue('q'));
    const delivery = await channel.get('q', { noAck: false });
    expect(await channel.purgeQueue('q')).toBe(2);
    await channel.reject(delivery!.deliveryTag, { requeue: true });
    expect((await channel.declareQueue(queue('q'))).messageCount).toBe(1);
  });

  it('deletes on conditions, takes the bindings along and tells how many messages went', async () => {
    const rig = Rig.memory();
    const { channel, events } = await rig.start();
    await channel.declareQueue(queue('q'));
    await channel.declareExchange(exchange('e', 'fanout'));
    await channel.bind(binding('e', 'q'));
    await channel.consume(consume('q', { prefetch: 1 }));
    for (const body of ['1', '2', '3']) await channel.publish(envelope(body), to('e', ''));
    await rig.settle();
    await expect(channel.deleteQueue('q', { ifUnused: true, ifEmpty: false })).rejects.toMatchObject({
      code: 'PRECONDITION_FAILED',
    });
    await expect(channel.deleteQueue('q', { ifUnused: false, ifEmpty: true })).rejects.toMatchObject({
      code: 'PRECONDITION_FAILED',
    });
    expect(await channel.deleteQueue('q', { ifUnused: false, ifEmpty: false })).toBe(2);
    await expect(channel.publish(envelope(), to('e', '', { mandatory: true }))).rejects.toMatchObject({
      code: 'UNROUTABLE',
    });
    expect(events.cancelledTags).toEqual(['q-consumer']);
  });

  it('cancels the consumers of a deleted queue on all connections of the broker', async () => {
    const rig = Rig.memory();
    const one = await rig.start();
    const two = await rig.start();
    await one.channel.declareQueue(queue('q'));
    await one.channel.consume(consume('q', { consumerTag: 'mine' }));
    await two.channel.consume(consume('q', { consumerTag: 'theirs' }));
    await two.channel.deleteQueue('q', { ifUnused: false, ifEmpty: false });
    expect([one.events.cancelledTags, two.events.cancelledTags]).toEqual([['mine'], ['theirs']]);
    // A queue of that name later on is another one.
    await one.channel.declareQueue(queue('q'));
    await one.channel.publish(envelope(), toQueue('q'));
    await rig.settle();
    expect([one.events.deliveries, two.events.deliveries]).toEqual([[], []]);
  });

  it('keeps an exclusive queue to its connection and lets it go with it', async () => {
    const rig = Rig.memory();
    const owner = await rig.start();
    const stranger = await rig.start();
    await owner.channel.declareQueue(queue('mine', { exclusive: true }));
    await stranger.channel.declareExchange(exchange('e', 'fanout'));
    const locked = { code: 'RESOURCE_LOCKED' };
    await expect(stranger.channel.declareQueue(queue('mine', { exclusive: true }))).rejects.toMatchObject(locked);
    await expect(stranger.channel.declareQueue(queue('mine', { passive: true }))).rejects.toMatchObject(locked);
    await expect(stranger.channel.consume(consume('mine'))).rejects.toMatchObject(locked);
    await expect(stranger.channel.get('mine', { noAck: true })).rejects.toMatchObject(locked);
    await expect(stranger.channel.purgeQueue('mine')).rejects.toMatchObject(locked);
    await expect(stranger.channel.bind(binding('e', 'mine'))).rejects.toMatchObject(locked);
    await expect(stranger.channel.deleteQueue('mine', { ifUnused: false, ifEmpty: false })).rejects.toMatchObject(
      locked,
    );
    // Anybody may send a reply there.
    await stranger.channel.publish(envelope(), toQueue('mine', { mandatory: true }));
    await owner.connection.close();
    await expect(stranger.channel.publish(envelope(), toQueue('mine', { mandatory: true }))).rejects.toMatchObject({
      code: 'UNROUTABLE',
    });
    expect(rig.transport.broker()?.queue('mine')).toBeUndefined();
  });

  it('lets an auto-delete queue go with its last consumer, not before its first', async () => {
    const rig = Rig.memory();
    const { channel } = await rig.start();
    const other = await rig.start();
    await channel.declareQueue(queue('q', { autoDelete: true }));
    await channel.consume(consume('q', { consumerTag: 'a' }));
    await other.channel.consume(consume('q', { consumerTag: 'b' }));
    await channel.cancel('a');
    await channel.declareQueue(queue('q', { passive: true }));
    await other.connection.close();
    await expect(channel.declareQueue(queue('q', { passive: true }))).rejects.toMatchObject(gone);
    expect(rig.transport.broker()?.queue('q')).toBeUndefined();
  });

  it('lets a queue go after x-expires without use; consumers, reads and declarations are use', async () => {
    const rig = Rig.memory();
    const { channel } = await rig.start();
    const declared = queue('q', { arguments: { 'x-expires': 1000 } });
    const exists = async (): Promise<boolean> =>
      (await channel.publish(envelope(), toQueue('q', { mandatory: true })).catch(() => '')) !== '';
    await channel.declareQueue(declared);
    await rig.clock.advance(900);
    await channel.declareQueue(declared);
    await rig.clock.advance(900);
    await channel.get('q', { noAck: true });
    await rig.clock.advance(900);
    expect(await exists()).toBe(true);
    await channel.consume(consume('q'));
    await rig.clock.advance(5000);
    expect(await exists()).toBe(true);
    await channel.cancel('q-consumer');
    await rig.clock.advance(999);
    expect(await exists()).toBe(true);
    await rig.clock.advance(1);
    expect(await exists()).toBe(false);
    expect(rig.transport.broker()?.queue('q')).toBeUndefined();
  });

  it('takes x-expires of more than 24 days, where a timer would fire at once', async () => {
    const rig = Rig.memory();
    const { channel } = await rig.start();
    const days = 24 * 3600 * 1000;
    await channel.declareQueue(queue('q', { arguments: { 'x-expires': 100 * days } }));
    await rig.clock.advance(99 * days);
    await channel.declareQueue(queue('q', { passive: true }));
    await rig.clock.advance(101 * days);
    await expect(channel.declareQueue(queue('q', { passive: true }))).rejects.toMatchObject(gone);
  });

  it('gives a queue to one consumer alone when that one asks for it', async () => {
    const { channel } = await Rig.memory().start();
    await channel.declareQueue(queue('q'));
    await channel.consume(consume('q', { consumerTag: 'alone', exclusive: true }));
    await expect(channel.consume(consume('q', { consumerTag: 'late' }))).rejects.toMatchObject({
      code: 'ACCESS_REFUSED',
    });
    await channel.cancel('alone');
    await channel.consume(consume('q', { consumerTag: 'late' }));
    await expect(channel.consume(consume('q', { consumerTag: 'alone', exclusive: true }))).rejects.toMatchObject({
      code: 'ACCESS_REFUSED',
    });
  });

  it('refuses arguments that cannot be, and those it cannot honour', async () => {
    const { channel } = await Rig.memory().start();
    const declare = (args: Record<string, unknown>) => channel.declareQueue(queue('q', { arguments: args }));
    for (const args of [
      { 'x-message-ttl': -1 },
      { 'x-expires': 0 },
      { 'x-max-length': 1.5 },
      { 'x-max-priority': 256 },
      { 'x-delivery-limit': 'many' },
      { 'x-dead-letter-exchange': 5 },
      { 'x-dead-letter-routing-key': 'k' },
    ]) {
      await expect(declare(args)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    }
    for (const args of [
      { 'x-max-length-bytes': 100 },
      { 'x-overflow': 'reject-publish-dlx' },
      { 'x-single-active-consumer': true },
      { 'x-queue-type': 'stream' },
    ]) {
      await expect(declare(args)).rejects.toMatchObject({ code: 'UNSUPPORTED' });
    }
    await declare({ 'x-queue-type': 'quorum', 'x-queue-mode': 'lazy', 'x-single-active-consumer': false });
  });

  it('forgets a queue whose declaration the store refused', async () => {
    const refusal = new Error('no more queues');
    let refuse = true;
    const rig = Rig.memory({
      wrapStore: (store) => {
        const declare = store.declare!.bind(store);
        store.declare = (declaration) => (refuse ? Promise.reject(refusal) : declare(declaration));
        return store;
      },
    });
    const { channel } = await rig.start();
    await expect(channel.declareQueue(queue('q'))).rejects.toMatchObject({ code: 'INTERNAL', cause: refusal });
    refuse = false;
    await channel.declareQueue(queue('q', { durable: false }));
  });
});
