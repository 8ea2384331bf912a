import type { DeliveryTag } from '@kombu/core/spi';
import { Rig, consume, envelope, exchange, queue, textOf, toQueue, binding, to, type Rigged } from './rig.ts';

const publish = async ({ channel }: Rigged, name: string, ...bodies: string[]): Promise<void> => {
  await Promise.all(bodies.map((body) => channel.publish(envelope(body), toQueue(name))));
};

describe('delivery', () => {
  it('carries body, content type, headers and properties through unchanged', async () => {
    const { channel } = await Rig.memory().start();
    await channel.declareQueue(queue('q'));
    const sent = {
      body: Buffer.from([0, 255, 128, 10]),
      contentType: 'application/data',
      contentEncoding: 'binary',
      headers: {
        text: 'wörld "\u0000',
        number: 1.5,
        flag: false,
        nothing: null,
        when: new Date(5),
        bytes: Buffer.from([200]),
      },
      properties: {
        deliveryMode: 1,
        priority: 3,
        correlationId: 'c',
        replyTo: 'r',
        expiration: 60_000,
        messageId: 'm',
        timestamp: 7,
        type: 't',
        userId: 'u',
        appId: 'a',
        clusterId: 'k',
        custom: { deep: [1] },
      },
    } as const;
    await channel.publish(sent, toQueue('q'));
    const delivery = await channel.get('q', { noAck: false });
    expect(delivery?.envelope).toEqual(sent);
    expect(delivery).toMatchObject({ exchange: '', routingKey: 'q', queue: 'q', redelivered: false, deliveryCount: 0 });
    expect(delivery?.consumerTag).toBeUndefined();
    expect(delivery?.error).toBeUndefined();
  });

  it('gives undefined when there is nothing', async () => {
    const { channel } = await Rig.memory().start();
    await channel.declareQueue(queue('q'));
    expect(await channel.get('q', { noAck: false })).toBeUndefined();
  });

  it('names exchange, routing key, queue and consumer', async () => {
    const rig = Rig.memory();
    const { channel, events } = await rig.start();
    await channel.declareQueue(queue('q'));
    await channel.declareExchange(exchange('e', 'topic'));
    await channel.bind(binding('e', 'q', 'a.#'));
    await channel.consume(consume('q', { consumerTag: 'me' }));
    await channel.publish(envelope(), to('e', 'a.b'));
    await rig.settle();
    expect(events.deliveries[0]).toMatchObject({ exchange: 'e', routingKey: 'a.b', queue: 'q', consumerTag: 'me' });
  });

  it('behaviour 28: a consumer never holds more than its prefetch, and gets more as it settles', async () => {
    const rig = Rig.memory();
    const rigged = await rig.start();
    const { channel, events } = rigged;
    await channel.declareQueue(queue('q'));
    await publish(rigged, 'q', '1', '2', '3', '4', '5', '6');
    await channel.consume(consume('q', { prefetch: 2 }));
    await rig.settle();
    expect(events.bodies).toEqual(['1', '2']);
    // Acks flushed together count one by one.
    await Promise.all(events.deliveries.slice(0, 2).map(({ deliveryTag }) => channel.ack(deliveryTag)));
    await rig.settle();
    expect(events.bodies).toEqual(['1', '2', '3', '4']);
    await channel.reject(events.deliveries[2]!.deliveryTag, { requeue: false });
    await rig.settle();
    expect(events.bodies).toEqual(['1', '2', '3', '4', '5']);
    expect(rig.transport.broker()?.counts('q')).toEqual({ ready: 1, leased: 2, delayed: 0 });
  });

  it('counts prefetch for each consumer by itself', async () => {
    const rig = Rig.memory();
    const rigged = await rig.start();
    const { channel, events } = rigged;
    await channel.declareQueue(queue('q'));
    await channel.consume(consume('q', { consumerTag: 'a', prefetch: 1 }));
    await channel.consume(consume('q', { consumerTag: 'b', prefetch: 2 }));
    await publish(rigged, 'q', '1', '2', '3', '4', '5');
    await rig.settle();
    const held = (tag: string) => events.deliveries.filter(({ consumerTag }) => consumerTag === tag).length;
    expect([held('a'), held('b')]).toEqual([1, 2]);
  });

  it('asks for nothing while the prefetch is used up', async () => {
    let reads = 0;
    const rig = Rig.memory({
      wrapStore: (store) => {
        const get = store.get.bind(store);
        store.get = (name, options) => {
          reads += 1;
          return get(name, options);
        };
        return store;
      },
    });
    const rigged = await rig.start();
    await rigged.channel.declareQueue(queue('q'));
    await publish(rigged, 'q', '1', '2', '3');
    await rigged.channel.consume(consume('q', { prefetch: 2 }));
    await rig.clock.advance(60_000);
    expect(reads).toBe(1);
    await rigged.channel.ack(rigged.events.deliveries[0]!.deliveryTag);
    await rig.clock.advance(60_000);
    expect(reads).toBe(2);
  });

  it('delivers more when the prefetch of a running consumer is raised, or lifted', async () => {
    const rig = Rig.memory();
    const rigged = await rig.start();
    const { channel, events } = rigged;
    await channel.declareQueue(queue('q'));
    await publish(rigged, 'q', '1', '2', '3', '4', '5');
    await channel.consume(consume('q', { prefetch: 1 }));
    await rig.settle();
    await channel.setPrefetch('q-consumer', 3);
    await rig.settle();
    expect(events.bodies).toHaveLength(3);
    await channel.setPrefetch('q-consumer', 0);
    await rig.settle();
    expect(events.bodies).toHaveLength(5);
    await expect(channel.setPrefetch('nobody', 1)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('delivers without end and without ack when noAck is set', async () => {
    const rig = Rig.memory();
    const rigged = await rig.start();
    const { channel, events } = rigged;
    await channel.declareQueue(queue('q'));
    const bodies = Array.from({ length: 250 }, (_, index) => String(index));
    await publish(rigged, 'q', ...bodies);
    await channel.consume(consume('q', { noAck: true, prefetch: 1 }));
    await rig.settle();
    expect(events.bodies).toEqual(bodies);
    expect(rig.transport.broker()?.counts('q')).toEqual({ ready: 0, leased: 0, delayed: 0 });
    await expect(channel.ack(events.deliveries[0]!.deliveryTag)).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
  });

  it('behaviour 29: delivery tags are unique across the channels of a connection', async () => {
    const rig = Rig.memory();
    const first = await rig.start();
    const second = await rig.open(first.connection);
    await first.channel.declareQueue(queue('q'));
    await publish(first, 'q', ...Array.from({ length: 20 }, String));
    const tags = new Set<DeliveryTag | undefined>();
    for (const { channel } of [first, second]) {
      for (let index = 0; index < 10; index++) tags.add((await channel.get('q', { noAck: false }))?.deliveryTag);
    }
    expect(tags.size).toBe(20);
    // A tag means nothing on another channel.
    const [tag] = tags;
    await expect(second.channel.ack(tag as DeliveryTag)).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
  });

  it('behaviour 30: higher priorities overtake lower ones, and each keeps its order', async () => {
    const rig = Rig.memory();
    const { channel, events } = await rig.start();
    await channel.declareQueue(queue('q'));
    for (const [body, priority] of [
      ['a0', 0],
      ['a9', 9],
      ['a4', 4],
      ['b9', 9],
      ['b0', undefined],
      ['b4', 4],
    ] as const) {
      await channel.publish(envelope(body, priority === undefined ? {} : { priority }), toQueue('q'));
    }
    await channel.consume(consume('q'));
    await rig.settle();
    expect(events.bodies).toEqual(['a9', 'b9', 'a4', 'b4', 'a0', 'b0']);
    expect(events.deliveries.map(({ envelope: { properties } }) => properties.priority)).toEqual([9, 9, 4, 4, 0, 0]);
  });

  it('behaviour 30: priorities outside 0 to 9 are refused', async () => {
    const { channel } = await Rig.memory().start();
    await channel.declareQueue(queue('q'));
    for (const priority of [-1, 10, 1.5, Number.NaN]) {
      await expect(channel.publish(envelope('m', { priority }), toQueue('q'))).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
      });
    }
  });

  it('behaviour 30: x-max-priority caps the order, not the message', async () => {
    const rig = Rig.memory();
    const { channel, events } = await rig.start();
    await channel.declareQueue(queue('q', { arguments: { 'x-max-priority': 5 } }));
    for (const priority of [5, 9, 7]) await channel.publish(envelope(String(priority), { priority }), toQueue('q'));
    await channel.consume(consume('q'));
    await rig.settle();
    expect(events.bodies).toEqual(['5', '9', '7']);
    expect(events.deliveries[1]?.envelope.properties.priority).toBe(9);
  });

  it('behaviour 30: channels are given free again, and there are not more than 65535', async () => {
    const rig = Rig.memory();
    const connection = await rig.connect();
    const opened = [];
    for (let index = 0; index < 65_535; index++) opened.push((await rig.open(connection)).channel);
    await expect(rig.open(connection)).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
    await opened[0]!.close();
    await rig.open(connection);
  });

  it('behaviour 31: consumers share a queue in turns, and an empty or blocked queue holds up no other', async () => {
    const rig = Rig.memory();
    const rigged = await rig.start();
    const { channel, events } = rigged;
    for (const name of ['busy', 'empty', 'blocked']) await channel.declareQueue(queue(name));
    await channel.consume(consume('empty'));
    await channel.consume(consume('blocked', { prefetch: 1 }));
    await publish(rigged, 'blocked', 'x', 'y');
    await channel.consume(consume('busy', { consumerTag: 'a' }));
    await channel.consume(consume('busy', { consumerTag: 'b' }));
    await rig.settle();
    await publish(rigged, 'busy', '1', '2', '3', '4', '5', '6');
    await rig.settle();
    const got = (tag: string) => events.deliveries.filter((each) => each.consumerTag === tag).map(textOf);
    expect([got('a'), got('b'), got('blocked-consumer')]).toEqual([['1', '3', '5'], ['2', '4', '6'], ['x']]);
  });

  it('cancel gives back what was fetched and not delivered', async () => {
    const rig = Rig.memory();
    const rigged = await rig.start();
    const { channel, events } = rigged;
    await channel.declareQueue(queue('q'));
    await publish(rigged, 'q', '1', '2', '3', '4');
    // All four come in one batch; the handler of the second one has enough.
    let cancelled: Promise<void> | undefined;
    events.onDelivery = () => {
      if (events.deliveries.length === 2) cancelled = channel.cancel('q-consumer');
    };
    await channel.consume(consume('q'));
    await rig.settle();
    await cancelled;
    await rig.settle();
    expect(events.bodies).toEqual(['1', '2']);
    expect(rig.transport.broker()?.counts('q')).toEqual({ ready: 2, leased: 2, delayed: 0 });
    expect(textOf((await channel.get('q', { noAck: true }))!)).toBe('3');
    // What was delivered is still ours to settle.
    expect(await channel.ack(events.deliveries[0]!.deliveryTag)).toBe('ok');
  });

  it('cancel ends when all is given back, also for whoever cancels a second time or closes the channel meanwhile', async () => {
    const letGo: (() => void)[] = [];
    const rig = Rig.memory({
      wrapStore: (store) => {
        const release = store.release!.bind(store);
        store.release = async (...args) => {
          await new Promise<void>((resolve) => letGo.push(resolve));
          return release(...args);
        };
        return store;
      },
    });
    const rigged = await rig.start();
    const { channel, events } = rigged;
    await channel.declareQueue(queue('q'));
    await publish(rigged, 'q', '1', '2');
    const over: string[] = [];
    events.onDelivery = ({ deliveryTag }) => {
      void channel.ack(deliveryTag);
      void channel.cancel('q-consumer').then(() => over.push('cancelled'));
      void channel.cancel('q-consumer').then(() => over.push('cancelled again'));
    };
    await channel.consume(consume('q'));
    await rig.settle();
    void channel.close().then(() => over.push('closed'));
    await rig.settle();
    expect([events.bodies, over]).toEqual([['1'], []]);
    for (const go of letGo) go();
    await rig.settle();
    expect(over).toEqual(['cancelled', 'cancelled again', 'closed']);
    expect(rig.transport.broker()?.counts('q')).toEqual({ ready: 1, leased: 0, delayed: 0 });
  });

  it('cancel gives back what a pending read returns, also where delivery means settled', async () => {
    for (const noAck of [false, true]) {
      let hold: ((value: void) => void) | undefined;
      const rig = Rig.memory({
        wrapStore: (store) => {
          const get = store.get.bind(store);
          store.get = async (name, options) => {
            const messages = await get(name, options);
            if (messages.length > 0) await new Promise<void>((resolve) => (hold = resolve));
            return messages;
          };
          return store;
        },
      });
      const rigged = await rig.start();
      const { channel, events } = rigged;
      await channel.declareQueue(queue('q'));
      await channel.consume(consume('q', { noAck }));
      await publish(rigged, 'q', '1');
      await rig.settle();
      const cancelled = channel.cancel('q-consumer');
      await rig.settle();
      hold!();
      await cancelled;
      expect(events.bodies).toEqual([]);
      expect(rig.transport.broker()?.counts('q')).toEqual({ ready: 1, leased: 0, delayed: 0 });
    }
  });

  it('a cancelled consumer gets nothing, and consuming again never makes two loops', async () => {
    let reading = 0;
    let most = 0;
    const rig = Rig.memory({
      wrapStore: (store) => {
        const get = store.get.bind(store);
        store.get = async (name, options) => {
          most = Math.max(most, (reading += 1));
          try {
            return await get(name, options);
          } finally {
            reading -= 1;
          }
        };
        return store;
      },
    });
    const rigged = await rig.start();
    const { channel, events } = rigged;
    await channel.declareQueue(queue('q'));
    for (let round = 0; round < 200; round++) {
      await channel.consume(consume('q', { prefetch: 5 }));
      if (round % 3 === 0) await rig.settle();
      await channel.cancel('q-consumer');
    }
    expect([most, reading]).toEqual([1, 0]);
    await publish(rigged, 'q', '1');
    await rig.clock.advance(60_000);
    expect(events.deliveries).toEqual([]);
    await channel.cancel('never there');
  });

  it('acks by itself what a store keeps although delivery means settled', async () => {
    const rig = Rig.memory({
      wrapStore: (store) => {
        const get = store.get.bind(store);
        store.get = (name, options) => get(name, { ...options, noAck: false });
        return store;
      },
    });
    const rigged = await rig.start();
    const { channel, events } = rigged;
    await channel.declareQueue(queue('q'));
    await publish(rigged, 'q', '1', '2');
    expect(textOf((await channel.get('q', { noAck: true }))!)).toBe('1');
    await channel.consume(consume('q', { noAck: true }));
    await rig.settle();
    expect(events.bodies).toEqual(['2']);
    expect(rig.transport.broker()?.counts('q')).toEqual({ ready: 0, leased: 0, delayed: 0 });
  });

  it('refuses arguments of a consumer that would change what it gets, and takes hints', async () => {
    const { channel } = await Rig.memory().start();
    await channel.declareQueue(queue('q'));
    for (const args of [{ 'x-priority': 5 }, { 'x-stream-offset': 'first' }]) {
      await expect(channel.consume(consume('q', { arguments: args }))).rejects.toMatchObject({ code: 'UNSUPPORTED' });
    }
    await channel.consume(consume('q', { arguments: { 'x-cancel-on-ha-failover': true } }));
  });

  it('refuses a consumer tag in use, and a prefetch that is no count', async () => {
    const { channel } = await Rig.memory().start();
    await channel.declareQueue(queue('q'));
    await channel.consume(consume('q'));
    await expect(channel.consume(consume('q'))).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
    const invalid = { code: 'INVALID_ARGUMENT' };
    await expect(channel.consume(consume('q', { consumerTag: 'x', prefetch: -1 }))).rejects.toMatchObject(invalid);
    await expect(channel.setPrefetch('q-consumer', 0.5)).rejects.toMatchObject(invalid);
  });

  it('a listener that throws does not stop the loop', async () => {
    const rig = Rig.memory();
    const rigged = await rig.start();
    const { channel, events } = rigged;
    await channel.declareQueue(queue('q'));
    events.onDelivery = () => {
      throw new Error('from a handler');
    };
    await channel.consume(consume('q'));
    await publish(rigged, 'q', '1', '2');
    await rig.settle();
    expect(events.bodies).toEqual(['1', '2']);
    expect(rig.logger.lines.filter((line) => line.startsWith('error'))).toHaveLength(2);
  });

  it('lets timers and sockets have their turn while a queue never runs dry', async () => {
    const rig = Rig.memory();
    const rigged = await rig.start();
    const { channel, events } = rigged;
    await channel.declareQueue(queue('q'));
    await publish(rigged, 'q', ...Array.from({ length: 5000 }, String));
    events.onDelivery = ({ deliveryTag }) => void channel.ack(deliveryTag);
    const consumed = channel.consume(consume('q'));
    await consumed;
    await new Promise((resolve) => setImmediate(resolve));
    expect(events.deliveries.length).toBeGreaterThan(0);
    expect(events.deliveries.length).toBeLessThan(5000);
    await rig.clock.advanceUntil(() => events.deliveries.length === 5000, 1000);
  });
});
