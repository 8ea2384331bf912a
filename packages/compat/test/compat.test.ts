import { Connection, type Message, UnsupportedError } from '@kombu/core';
import { createMemoryTransport } from '@kombu/testing';
import { Consumer, ConsumerSet, Publisher, entryToQueue } from '../src/index.ts';

const media = { exchange: 'media', exchangeType: 'topic', routingKey: 'video.#' } as const;

describe('the carrot layer', () => {
  let connection: Connection;
  const consumerOf = (queue: string): Consumer => new Consumer(connection, { queue, ...media });
  const publish = async (...bodies: unknown[]): Promise<void> => {
    await using publisher = new Publisher(connection, media);
    for (const body of bodies) await publisher.send(body, { routingKey: 'video.new' });
  };

  beforeEach(() => {
    connection = new Connection('memory://', { transport: createMemoryTransport() });
  });
  afterEach(() => connection.close());

  it('fetches what was sent, or nothing', async () => {
    await using consumer = consumerOf('videos');
    expect(await consumer.fetch()).toBeUndefined();
    await publish({ name: 'lolcat' });
    const message = (await consumer.fetch()) as Message;
    expect(message.payload).toEqual({ name: 'lolcat' });
    await message.ack();
    expect(await consumer.fetch({ noAck: true })).toBeUndefined();
  });

  it('hands messages to the callbacks', async () => {
    await using consumer = consumerOf('videos');
    const bodies: unknown[] = [];
    consumer.registerCallback((body) => bodies.push(body));
    consumer.registerCallback((_body, message) => message.ack());
    await consumer.fetch();
    await publish('a', 'b', 'c');
    await consumer.fetch({ enableCallbacks: true });
    expect(bodies).toEqual(['a']);
    expect(await consumer.wait(2)).toHaveLength(2);
    expect(bodies).toEqual(['a', 'b', 'c']);
    expect(await consumer.fetch()).toBeUndefined();
  });

  it('iterates over the queue until it is empty, or for ever', async () => {
    await using consumer = consumerOf('videos');
    await consumer.fetch();
    await publish('a', 'b', 'c');
    const bodies: unknown[] = [];
    for await (const message of consumer.iterqueue({ limit: 2 })) bodies.push(message?.payload);
    for await (const message of consumer.iterqueue()) bodies.push(message?.payload);
    expect(bodies).toEqual(['a', 'b', 'c']);
    const endless = consumer[Symbol.asyncIterator]();
    expect(await endless.next()).toEqual({ done: false, value: undefined });
    expect(await endless.next()).toEqual({ done: false, value: undefined });
    await endless.return?.();
  });

  it('discards all, and refuses what carrot could do and Kombu cannot', async () => {
    await using consumer = consumerOf('videos');
    await consumer.fetch();
    await publish('a', 'b');
    expect(await consumer.discardAll()).toBe(2);
    expect(() => consumer.processNext()).toThrow(UnsupportedError);
    await expect(consumer.receive({} as Message)).rejects.toThrow(/register one/);
  });

  it('reads several queues as a set, from consumers and from settings', async () => {
    await using consumer = consumerOf('one');
    await using set = new ConsumerSet(connection, {
      consumers: [consumer],
      fromDict: { two: { ...media, bindingKey: 'video.*', queueAutoDelete: true } },
    });
    set.addConsumerFromDict('three', media);
    expect(set.queues.map(({ name }) => name)).toEqual(['one', 'two', 'three']);
    expect(await set.discardAll()).toBe(0);
    await publish('a');
    const bodies: unknown[] = [];
    set.registerCallback(async (body, message) => {
      bodies.push(body);
      await message.ack();
    });
    for await (const _ of set.iterconsume({ limit: 3 }));
    expect(bodies).toEqual(['a', 'a', 'a']);
    expect(await set.discardAll()).toBe(0);
  });

  it('closes the channel that it opened, and not one that it was given', async () => {
    const channel = await connection.channel();
    const set = new ConsumerSet(connection, { fromDict: { q: {} }, channel });
    await set.discardAll();
    await set.close();
    expect(channel.isOpen).toBe(true);
  });

  it('reads the settings of carrot', () => {
    const queue = entryToQueue('q', {
      exchange: 'e',
      exchangeType: 'fanout',
      bindingKey: 'k',
      durable: false,
      queueDurable: true,
      autoDelete: true,
      exchangeAutoDelete: false,
    });
    expect(queue).toMatchObject({ name: 'q', routingKey: 'k', durable: true, autoDelete: true });
    expect(queue.exchange).toMatchObject({ name: 'e', type: 'fanout', durable: false, autoDelete: false });
  });
});
