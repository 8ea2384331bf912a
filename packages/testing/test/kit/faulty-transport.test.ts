import type {
  ChannelEvents,
  Delivery,
  Envelope,
  Route,
  Target,
  Transport,
  TransportChannel,
  TransportConnection,
  TransportContext,
} from '@kombu/core/spi';
import { systemClock } from '@kombu/core/spi';

import { failBefore, hangBefore } from '../../src/fault/faults.ts';
import type { TransportFaultRule } from '../../src/fault/faulty-transport.ts';
import { FaultyTransport } from '../../src/fault/faulty-transport.ts';
import { Gate } from '../../src/fault/gate.ts';
import { seeded } from '../../src/fault/random.ts';

/** A transport whose broker is a list of what was done. */
class TinyTransport implements Transport {
  readonly name = 'tiny';
  readonly schemes = ['tiny'];
  readonly capabilities = { exchangeTypes: ['direct'] } as unknown as Transport['capabilities'];
  readonly done: string[] = [];
  readonly events: ChannelEvents[] = [];
  /** Breaks the newest connection from the broker's side. */
  breakLink!: (reason?: Error) => void;
  readonly answers = new Gate();
  /** Do its channels have `publishFor`? */
  waits = false;

  async connect(): Promise<TransportConnection> {
    const channels: ChannelEvents[] = [];
    let end!: (reason: Error | undefined) => void;
    const closed = new Promise<Error | undefined>((resolve) => (end = resolve));
    this.breakLink = end;
    return {
      closed,
      openChannel: async (events) => {
        channels.push(events);
        this.events.push(events);
        return this.#channel(events);
      },
      close: async () => {
        this.done.push('close connection');
        for (const events of channels) events.closed();
        end(undefined);
      },
    };
  }

  classify(): 'NACKED' {
    return 'NACKED';
  }

  #channel(events: ChannelEvents): TransportChannel {
    const does = (what: string, answer?: unknown) => async (): Promise<never> => {
      this.done.push(what);
      await this.answers.pass();
      return answer as never;
    };
    return {
      declareExchange: does('declareExchange'),
      deleteExchange: does('deleteExchange'),
      declareQueue: does('declareQueue'),
      deleteQueue: does('deleteQueue', 3),
      purgeQueue: does('purgeQueue', 4),
      bind: does('bind'),
      unbind: does('unbind'),
      publish: does('publish', 'confirmed'),
      get: does('get'),
      consume: does('consume'),
      cancel: does('cancel'),
      setPrefetch: does('setPrefetch'),
      ack: does('ack', 'ok'),
      reject: does('reject', 'ok'),
      recover: does('recover'),
      close: async () => {
        this.done.push('close channel');
        events.closed();
      },
      ...(this.waits && { publishFor: () => void this.done.push('publishFor') }),
    };
  }
}

const target = { scheme: 'tiny', display: 'tiny://' } as Target;
const envelope = {} as Envelope;
const route = {} as Route;
const delivery = (deliveryTag: number): Delivery => ({ deliveryTag }) as Delivery;
const consumption = { queue: 'q', consumerTag: 't', noAck: false, exclusive: false, prefetch: 0, arguments: {} };

const log = (): void => {};
const logger = { debug: log, info: log, warn: log, error: log };

function context(signal = new AbortController().signal): TransportContext {
  return { logger, clock: systemClock, random: seeded(1), signal };
}

/** The owner of a channel, who writes down what he is told. */
class Owner implements ChannelEvents {
  readonly told: string[] = [];
  readonly delivery = ({ deliveryTag }: Delivery): void => void this.told.push(`delivery ${deliveryTag}`);
  readonly returned = (): void => void this.told.push('returned');
  readonly cancelled = (tag: string): void => void this.told.push(`cancelled ${tag}`);
  readonly flow = (blocked: boolean): void => void this.told.push(`flow ${blocked}`);
  readonly closed = (error?: Error): void => void this.told.push(`closed ${error?.message ?? ''}`);
}

async function turns(): Promise<void> {
  for (let count = 0; count < 3; count++) await new Promise((resolve) => setImmediate(resolve));
}

/** `pending`, or how the promise settled. */
async function stateOf(promise: Promise<unknown>): Promise<unknown> {
  let state: unknown = 'pending';
  promise.then(
    (value) => (state = value),
    (error: unknown) => (state = (error as { code?: string }).code),
  );
  await turns();
  return state;
}

describe('FaultyTransport', () => {
  let inner: TinyTransport;
  let transport: FaultyTransport;
  let rules: TransportFaultRule[];
  beforeEach(() => {
    inner = new TinyTransport();
    rules = [];
    transport = new FaultyTransport(inner, rules);
  });

  const open = async (): Promise<{ connection: TransportConnection; channel: TransportChannel; owner: Owner }> => {
    const connection = await transport.connect(target, context());
    const owner = new Owner();
    return { connection, channel: await connection.openChannel(owner), owner };
  };

  it('looks like the transport that it wraps, without members that one lacks', async () => {
    expect([transport.name, transport.schemes, transport.capabilities]).toEqual(['tiny', ['tiny'], inner.capabilities]);
    expect(['defaultPort', 'parseUrl', 'redact'].filter((key) => key in transport)).toEqual([]);
    const { connection } = await open();
    expect('unwrap' in connection).toBe(false);
    expect(transport.classify(new Error('of the client library'))).toBe('NACKED');
  });

  it('keeps optional members', () => {
    const rich = Object.assign(inner, {
      defaultPort: 7,
      parseUrl: () => ({ port: 9 }),
      redact: (url: string, mask: string) => url + mask,
    });
    const wrapped = new FaultyTransport(rich);
    expect([wrapped.defaultPort, wrapped.parseUrl?.('tiny://'), wrapped.redact?.('a', 'b')]).toEqual([
      7,
      { port: 9 },
      'ab',
    ]);
  });

  it('passes calls, answers and events', async () => {
    const { channel, owner } = await open();
    expect(await channel.publish(envelope, route)).toBe('confirmed');
    expect(await channel.deleteQueue('q', { ifEmpty: false, ifUnused: false })).toBe(3);
    inner.events[0]?.delivery(delivery(1));
    inner.events[0]?.cancelled('t');
    await channel.close();
    expect(owner.told).toEqual(['delivery 1', 'cancelled t', 'closed ']);
    expect(inner.done).toEqual(['publish', 'deleteQueue', 'close channel']);
  });

  it('strikes publishes that are told to a waiter as it strikes the others', async () => {
    inner.waits = true;
    rules.push({ method: 'publish', fault: failBefore(), times: 1 });
    const { channel } = await open();
    const publish = (): Promise<unknown> =>
      new Promise((published, failed) => channel.publishFor?.(envelope, route, { published, failed }));
    await expect(publish()).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
    expect(await publish()).toBe('confirmed');
    inner.answers.shut();
    const lost = publish();
    await turns();
    await transport.drop();
    expect(await stateOf(lost)).toBe('PUBLISH_UNCERTAIN');
    inner.waits = false;
    expect('publishFor' in (await open()).channel).toBe(false);
  });

  it('drop: calls fail, channels and connections end with the error, later calls fail too', async () => {
    const { connection, channel, owner } = await open();
    inner.answers.shut();
    const [publish, ack] = [channel.publish(envelope, route), channel.ack(1)];
    await turns();
    await transport.drop();
    expect([await stateOf(publish), await stateOf(ack)]).toEqual(['PUBLISH_UNCERTAIN', 'CONNECTION_LOST']);
    expect([await stateOf(channel.publish(envelope, route))]).toEqual(['CONNECTION_LOST']);
    const reason = await connection.closed;
    expect(transport.classify(reason)).toBe('CONNECTION_LOST');
    expect(owner.told).toEqual([`closed ${reason?.message}`]);
    inner.events[0]?.delivery(delivery(1));
    expect(owner.told).toHaveLength(1);
    expect(inner.done).toContain('close connection');
    expect(transport.connections).toBe(0);
    await channel.close();
    await connection.close();
    inner.answers.open();
    expect(await (await open()).channel.publish(envelope, route)).toBe('confirmed');
  });

  it('tells of a break by the broker itself', async () => {
    const { connection, channel } = await open();
    inner.answers.shut();
    const ack = channel.ack(1);
    inner.breakLink(new Error('gone'));
    expect(await connection.closed).toMatchObject({ message: 'gone' });
    await expect(ack).rejects.toThrow('gone');
  });

  it('close: ends without an error, once', async () => {
    const { connection, channel, owner } = await open();
    await Promise.all([connection.close(), connection.close()]);
    expect(await connection.closed).toBeUndefined();
    expect(owner.told).toEqual(['closed ']);
    expect(inner.done).toEqual(['close connection']);
    expect(await stateOf(channel.ack(1))).toBe('CLOSED');
  });

  it('refuse: so many attempts', async () => {
    transport.refuse(2);
    const states = [];
    for (let attempt = 0; attempt < 3; attempt++) states.push(await stateOf(transport.connect(target, context())));
    expect(states).toEqual(['CONNECTION_FAILED', 'CONNECTION_FAILED', expect.any(Object)]);
    expect(transport.attempts).toBe(3);
  });

  it('refuse: until a promise settles, or until heal', async () => {
    const gate = new Gate();
    gate.shut();
    transport.refuse(gate.pass());
    expect(await stateOf(transport.connect(target, context()))).toBe('CONNECTION_FAILED');
    gate.open();
    await turns();
    expect(await stateOf(transport.connect(target, context()))).toBeInstanceOf(Object);
    transport.refuse();
    expect(await stateOf(transport.connect(target, context()))).toBe('CONNECTION_FAILED');
    transport.heal();
    expect(await stateOf(transport.connect(target, context()))).toBeInstanceOf(Object);
  });

  it('hangConnect: until heal, or until the signal fires', async () => {
    transport.hangConnect();
    const giveUp = new AbortController();
    const [given, patient] = [transport.connect(target, context(giveUp.signal)), transport.connect(target, context())];
    expect([await stateOf(given), await stateOf(patient)]).toEqual(['pending', 'pending']);
    giveUp.abort();
    expect([await stateOf(given), await stateOf(patient)]).toEqual(['ABORTED', 'pending']);
    expect(await stateOf(transport.connect(target, context(giveUp.signal)))).toBe('ABORTED');
    transport.heal();
    expect(await stateOf(patient)).toBeInstanceOf(Object);
  });

  it('blackhole: nothing settles, no event comes, and heal lets it all pass in order', async () => {
    const { channel, owner, connection } = await open();
    transport.blackhole();
    const [publish, reconnect] = [channel.publish(envelope, route), transport.connect(target, context())];
    for (const tag of [1, 2]) inner.events[0]?.delivery(delivery(tag));
    inner.breakLink(new Error('not seen'));
    expect([await stateOf(publish), await stateOf(reconnect), await stateOf(connection.closed)]).toEqual([
      'pending',
      'pending',
      'pending',
    ]);
    expect([inner.done, owner.told]).toEqual([[], []]);
    transport.heal();
    inner.events[0]?.delivery(delivery(3));
    await turns();
    expect(owner.told).toEqual(['delivery 1', 'delivery 2', 'delivery 3', 'closed not seen']);
    expect(await stateOf(reconnect)).toBeInstanceOf(Object);
  });

  it('blackhole: the answer of a call that got through is held back', async () => {
    const { channel } = await open();
    inner.answers.shut();
    const publish = channel.publish(envelope, route);
    await turns();
    transport.blackhole();
    inner.answers.open();
    expect([await stateOf(publish), inner.done]).toEqual(['pending', ['publish']]);
    transport.heal();
    expect(await stateOf(publish)).toBe('confirmed');
  });

  it('blackhole: close settles all the same, and a drop too', async () => {
    const [first, second] = [await open(), await open()];
    transport.blackhole();
    const calls = [first.channel.ack(1), second.channel.publish(envelope, route)];
    await first.channel.close();
    await first.connection.close();
    await transport.drop();
    expect(await Promise.all(calls.map(stateOf))).toEqual(['CLOSED', 'PUBLISH_UNCERTAIN']);
    expect(first.owner.told).toEqual(['closed ']);
    expect(inner.done).not.toContain('publish');
    transport.heal();
    await turns();
    expect(inner.done).not.toContain('publish');
  });

  it('rules strike single calls, for example a drop in the middle of a recovery', async () => {
    rules.push({ method: 'consume', skip: 1, times: 1, fault: () => transport.drop() });
    const { channel, connection } = await open();
    await channel.consume(consumption);
    await expect(channel.consume(consumption)).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
    expect(await connection.closed).toBeInstanceOf(Error);
    expect(inner.done.filter((step) => step === 'consume')).toHaveLength(1);
    await (await open()).channel.consume(consumption);
  });

  it('a call that hangs by a rule fails when its link is dropped, and is not done later', async () => {
    const gate = new Gate();
    gate.shut();
    rules.push({ method: 'ack', fault: hangBefore(gate) });
    const { channel } = await open();
    const ack = channel.ack(1);
    expect(await stateOf(ack)).toBe('pending');
    await transport.drop();
    expect(await stateOf(ack)).toBe('CONNECTION_LOST');
    gate.open();
    await turns();
    expect(inner.done).toEqual(['close connection']);
  });
});
