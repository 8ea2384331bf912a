import { amqpTransport } from '../../src/index.ts';
import { TestBroker } from '../support/broker.ts';
import { eventually } from '../support/eventually.ts';
import { RawChannel } from '../support/raw-channel.ts';

const replyQueue = 'amq.rabbitmq.reply-to';

let broker: TestBroker;
let asking: RawChannel;
let answering: RawChannel;

beforeAll(async () => {
  broker = await TestBroker.open();
});
beforeEach(async () => {
  [asking, answering] = await Promise.all([RawChannel.open(broker.url), RawChannel.open(broker.url)]);
  await answering.declare('requests');
  await answering.channel.purgeQueue('requests');
});
afterEach(() => Promise.all([asking.connection.close(), answering.connection.close()]));
afterAll(() => broker.close());

const listen = (consumerTag = 'replies'): Promise<boolean> => asking.consume(replyQueue, { consumerTag, noAck: true });

const ask = (body: string, exchange = ''): Promise<string> =>
  asking.publish(
    body,
    { exchange, routingKey: 'requests', mandatory: true },
    { replyTo: replyQueue, correlationId: body },
  );

/** Takes the next request and answers it. Not `mandatory`: the broker counts no reply as routed, whether it arrives or not. */
async function answer(): Promise<void> {
  const request = await answering.channel.get('requests', { noAck: true });
  const { replyTo = '', correlationId = '' } = request?.envelope.properties ?? {};
  // An address that the broker made, and no name of a queue.
  expect(replyTo).toMatch(/^amq\.rabbitmq\.reply-to\../);
  await answering.publish(`re ${request?.envelope.body.toString()}`, { routingKey: replyTo }, { correlationId });
}

describe('direct reply-to', () => {
  it('R29: brings replies to the channel that asked, and needs no queue', async () => {
    expect(amqpTransport.capabilities.replyQueue).toBe(replyQueue);
    // What is lost while nobody listens is not kept.
    expect(await listen()).toBe(true);
    const asked = Array.from({ length: 20 }, (_, index) => String(index));
    expect(new Set(await Promise.all(asked.map((body) => ask(body))))).toEqual(new Set(['confirmed']));
    for (const _ of asked) await answer();
    await eventually('the replies', () => asking.deliveries.length === 20);
    expect(asking.bodies).toEqual(asked.map((body) => `re ${body}`));
    expect(asking.deliveries.map(({ envelope }) => envelope.properties.correlationId)).toEqual(asked);
    expect(asking.deliveries[0]).toMatchObject({ consumerTag: 'replies', queue: replyQueue, exchange: '' });
    expect(asking.channel.lastReadAt?.('replies')).toBeGreaterThan(0);
  });

  it('never mixes its deliveries up with those that are to be acked', async () => {
    await asking.declare('work');
    await asking.publish('work', { routingKey: 'work' });
    await asking.consume('work');
    await listen();
    await ask('request');
    await answer();
    await eventually('both', () => asking.deliveries.length === 2);
    const [work, reply] = asking.deliveries;
    await expect(asking.channel.ack(reply?.deliveryTag ?? 0)).rejects.toMatchObject({ code: 'MESSAGE_STATE' });
    expect(await asking.channel.ack(work?.deliveryTag ?? 0)).toBe('ok');
  });

  it('goes on after a request that nobody can get, and after a prefetch that means nothing to it', async () => {
    await listen();
    const nobody = asking.publish('x', { routingKey: 'nobody', mandatory: true }, { replyTo: replyQueue });
    await expect(nobody).rejects.toMatchObject({ code: 'UNROUTABLE' });
    await asking.channel.setPrefetch('replies', 5);
    await ask('still');
    await answer();
    await eventually('the reply', () => asking.bodies.join() === 're still');
  });

  it('tells of its end when the broker refuses a request, whose neighbours know where they stand, and can begin anew', async () => {
    await listen();
    const ends = await Promise.allSettled([ask('before'), ask('lost', 'missing'), ask('behind')]);
    expect(ends.slice(1)).toMatchObject([{ reason: { code: 404 } }, { reason: { code: 'CHANNEL_ERROR' } }]);
    await eventually('the news', () => asking.cancelled.length === 1);
    expect(asking.cancelled).toEqual(['replies']);
    await answer();
    await listen();
    await ask('again');
    await answer();
    await eventually('the reply', () => asking.bodies.join() === 're again');
    expect(asking.ends).toEqual([]);
  });

  it('ends with its consumer: replies have nowhere to go then, and no request is sent', async () => {
    await listen();
    await ask('x');
    await asking.channel.cancel('replies');
    await answer();
    await expect(ask('y')).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
    await asking.publish('plain', { routingKey: 'requests' });
    expect(asking.deliveries).toEqual([]);
    expect(asking.cancelled).toEqual([]);
  });

  it('has one consumer at a time, which does not ack, under a tag of its own', async () => {
    await expect(asking.consume(replyQueue)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(ask('too early')).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
    await listen();
    await expect(listen()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(listen('another')).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
    await expect(asking.consume('requests', { consumerTag: 'replies' })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    await ask('x');
    await answer();
    await eventually('the reply', () => asking.bodies.join() === 're x');
  });

  it('opens nothing on a channel that closes meanwhile', async () => {
    const listening = listen().catch((error: unknown) => error);
    await asking.channel.close();
    expect(await listening).toMatchObject({ code: 'CLOSED' });
    await expect(listen()).rejects.toMatchObject({ code: 'CLOSED' });
  });
});
