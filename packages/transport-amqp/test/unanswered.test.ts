import type { PublishGuarantee, TransportChannel, TransportConnection } from '@kombu/core/spi';
import { ManualClock } from '@kombu/testing';
import { amqpTransport } from '../src/index.ts';
import { contextOf, targetOf } from './support/broker.ts';
import { eventually } from './support/eventually.ts';
import { envelopeOf, routeOf } from './support/raw-channel.ts';
import { ScriptedBroker } from './support/scripted-broker.ts';

let broker: ScriptedBroker;
let clock: ManualClock;
let connection: TransportConnection;
let channel: TransportChannel;
let blocks: boolean[];

beforeEach(async () => {
  broker = await ScriptedBroker.listen();
  clock = new ManualClock();
  connection = await amqpTransport.connect(targetOf(broker.url), { ...contextOf(), clock });
  blocks = [];
  channel = await connection.openChannel({
    delivery() {},
    returned() {},
    cancelled() {},
    flow: (isBlocked) => blocks.push(isBlocked),
    closed() {},
  });
});
afterEach(async () => {
  await broker[Symbol.asyncDispose]();
  await connection.closed;
});

const heard = (question: string): number =>
  broker.links.flatMap((link) => link.heard).filter((one) => one === question).length;

const publish = (options: { readonly delay?: number } = {}): Promise<PublishGuarantee> =>
  channel.publish(envelopeOf('x'), routeOf({ routingKey: 'q', ...options }));

describe('a broker that gives no answer', () => {
  it('to a channel for publishing is given up after a while, and who publishes is told', async () => {
    broker.deaf.add('20.10');
    const published = publish().catch((error: unknown) => error);
    await eventually('the question', () => heard('20.10') === 2);
    await clock.advance(15_000);
    expect(amqpTransport.classify(await connection.closed)).toBe('CONNECTION_LOST');
    expect(await published).toMatchObject({ code: 'CONNECTION_LOST' });
  });

  it('to a channel for publishing, because it is short of memory, is waited for', async () => {
    broker.deaf.add('20.10');
    const published = publish();
    await eventually('the question', () => heard('20.10') === 2);
    const link = broker.links[1];
    link?.method(0, 10, 60, '03 6d656d');
    await eventually('the news', () => blocks.length === 1);
    await clock.advance(60_000);
    link?.method(0, 10, 61);
    // The channel, and that it is to confirm; then the message.
    link?.method(1, 20, 11, '00000000');
    await eventually('the message', () => heard('60.40') === 1);
    link?.method(1, 60, 80, '0000000000000001 00');
    expect(await published).toBe('confirmed');
    expect(blocks).toEqual([true, false]);
  });

  it('but its goodbye with the channel for publishing leaves no publish behind', async () => {
    broker.deaf.add('85.10');
    const published = publish().catch((error: unknown) => error);
    await eventually('the question', () => heard('85.10') === 1);
    const link = broker.links[1];
    link?.socket.cork();
    link?.method(1, 85, 11);
    link?.method(0, 10, 50, '0140 05 666f726365 0000 0000');
    link?.socket.uncork();
    expect(await published).toMatchObject({ code: 'CONNECTION_LOST' });
    await connection.closed;
  });

  it('to the declarations for a delay fails that message after a while, and the next one asks again', async () => {
    const first = publish({ delay: 1000 }).catch((error: unknown) => error);
    await eventually('the question', () => heard('40.10') === 1);
    await clock.advance(30_000);
    expect(await first).toMatchObject({ code: 'TIMEOUT' });
    const second = publish({ delay: 1000 }).catch((error: unknown) => error);
    await eventually('the question on another channel', () => heard('40.10') === 2);
    await connection.close();
    expect(await second).toMatchObject({ code: 'CLOSED' });
  });
});
