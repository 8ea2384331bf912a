import type { BindingDeclaration, BindingStore, QueueStore, TransportChannel } from '@kombu/core/spi';
import { defineVirtualTransport, isKombuBinding } from '@kombu/core/spi';
import { ManualClock } from '../../src/manual-clock.ts';
import { Rig, binding, envelope, exchange, queue, to, toQueue } from './rig.ts';

/** What all processes share: queues and the table of bindings. */
class SharedBroker {
  readonly queues = new Map<string, string[]>();
  readonly lists: string[] = [];
  failing: Error | undefined;
  #bindings: readonly BindingDeclaration[] = [];
  readonly #answers = new Map<string, readonly BindingDeclaration[]>();

  get bindings(): readonly BindingDeclaration[] {
    return this.#bindings;
  }

  readonly table: BindingStore = {
    add: async (each) => this.#change([...this.#bindings.filter((other) => !same(each, other)), each]),
    remove: async (each) => this.#change(this.#bindings.filter((other) => !same(each, other))),
    removeQueue: async (name) => this.#change(this.#bindings.filter(({ destination }) => destination !== name)),
    list: async (name) => {
      this.lists.push(name);
      if (this.failing) throw this.failing;
      const known = this.#answers.get(name) ?? this.#bindings.filter((each) => each.exchange === name);
      this.#answers.set(name, known);
      return known;
    },
  };

  #change(bindings: readonly BindingDeclaration[]): void {
    this.#bindings = bindings;
    this.#answers.clear();
  }

  store(): QueueStore {
    const { queues } = this;
    return {
      put: async (name, messages) =>
        void (queues.get(name) ?? queues.set(name, []).get(name)!).push(...messages.map(({ payload }) => payload)),
      get: async () => [],
      ack: async () => {},
      size: async (name) => queues.get(name)?.length ?? 0,
      purge: async () => 0,
      delete: async (name) => void queues.delete(name),
      declare: async ({ name }) => void (queues.has(name) || queues.set(name, [])),
      exists: async (name) => queues.has(name),
      close: async () => {},
      bindings: this.table,
    };
  }
}

const same = (a: BindingDeclaration, b: BindingDeclaration): boolean => JSON.stringify(a) === JSON.stringify(b);

/** Two processes on one broker. */
const start = async () => {
  const broker = new SharedBroker();
  const transport = defineVirtualTransport({
    name: 'shared',
    schemes: ['shared'],
    capabilities: {
      priority: false,
      delay: false,
      sharedBindings: true,
      acknowledge: 'broker',
      ordering: 'fifo',
      publisherConfirms: false,
      heartbeats: false,
    },
    open: async () => ({ store: broker.store() }),
    classify: () => 'INTERNAL',
  });
  const rig = new Rig(transport, new ManualClock());
  const [here, there] = [await rig.start(), await rig.start()];
  const count = (name: string): number => broker.queues.get(name)?.length ?? 0;
  return { broker, count, here: here.channel, there: there.channel };
};

describe('bindings that processes share', () => {
  it('lead a publish to queues that another process bound, also later on', async () => {
    const { here, there, count } = await start();
    for (const channel of [here, there]) await channel.declareExchange(exchange('t', 'topic'));
    for (const name of ['a', 'b']) await there.declareQueue(queue(name));
    await there.bind(binding('t', 'a', 'x.*'));
    await here.publish(envelope(), to('t', 'x.y', { mandatory: true }));
    await there.bind(binding('t', 'b', 'x.#'));
    await here.publish(envelope(), to('t', 'x.y'));
    await there.unbind(binding('t', 'a', 'x.*'));
    await here.publish(envelope(), to('t', 'x.y'));
    expect([count('a'), count('b')]).toEqual([2, 2]);
  });

  it('are asked for once per turn, and messages keep their order', async () => {
    const { broker, here } = await start();
    await here.declareExchange(exchange('e', 'direct'));
    await here.declareQueue(queue('q'));
    await here.bind(binding('e', 'q', 'k'));
    broker.lists.length = 0;
    await Promise.all(Array.from({ length: 50 }, (_, index) => here.publish(envelope(String(index)), to('e', 'k'))));
    expect(broker.lists).toEqual(['e']);
    const bodies = broker.queues
      .get('q')!
      .map((text) => Buffer.from((JSON.parse(text) as { body: string }).body, 'base64').toString());
    expect(bodies).toEqual(Array.from({ length: 50 }, (_, index) => String(index)));
  });

  it('count from the moment that `bind` resolves, even when another lookup is under way', async () => {
    const { here, count } = await start();
    await here.declareExchange(exchange('e', 'direct'));
    await here.declareQueue(queue('q'));
    const before = here.publish(envelope(), to('e', 'k'));
    await here.bind(binding('e', 'q', 'k'));
    await here.publish(envelope(), to('e', 'k', { mandatory: true }));
    await before;
    expect(count('q')).toBeGreaterThanOrEqual(1);
  });

  it('tell the type of an exchange that only others declared: topic with wildcards, else direct', async () => {
    const { here, there, count } = await start();
    await there.declareExchange(exchange('t', 'topic'));
    await there.declareExchange(exchange('d', 'direct'));
    await there.declareQueue(queue('q'));
    await there.bind(binding('t', 'q', 'a.*'));
    await there.bind(binding('d', 'q', 'exact'));
    await here.publish(envelope(), to('t', 'a.b', { mandatory: true }));
    await here.publish(envelope(), to('d', 'exact', { mandatory: true }));
    await expect(here.publish(envelope(), to('d', 'other', { mandatory: true }))).rejects.toMatchObject({
      code: 'UNROUTABLE',
    });
    expect(count('q')).toBe(2);
    await expect(here.publish(envelope(), to('nowhere', 'x'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    // What is declared wins over what was inferred.
    await here.declareExchange(exchange('d', 'fanout'));
    await here.publish(envelope(), to('d', 'other', { mandatory: true }));
  });

  it('of an exchange behind an exchange, and of an alternate exchange, are known too', async () => {
    const { here, there, count } = await start();
    for (const channel of [here, there]) {
      await channel.declareExchange(exchange('outer', 'direct', { arguments: { 'alternate-exchange': 'attic' } }));
      await channel.declareExchange(exchange('inner', 'direct'));
      await channel.declareExchange(exchange('attic', 'fanout'));
    }
    for (const name of ['q', 'lost']) await there.declareQueue(queue(name));
    await there.bind(binding('outer', 'inner', 'k', { destinationType: 'exchange' }));
    await there.bind(binding('inner', 'q', 'k'));
    await there.bind(binding('attic', 'lost'));
    await here.publish(envelope(), to('outer', 'k', { mandatory: true }));
    await here.publish(envelope(), to('outer', 'z', { mandatory: true }));
    expect([count('q'), count('lost')]).toEqual([1, 1]);
  });

  it('that lead to an exchange of others go on doing so when its own bindings change', async () => {
    const { here, there, count } = await start();
    await here.declareExchange(exchange('outer', 'fanout'));
    for (const name of ['outer', 'inner']) await there.declareExchange(exchange(name, 'fanout'));
    for (const name of ['a', 'b']) await there.declareQueue(queue(name));
    await there.bind(binding('outer', 'inner', '', { destinationType: 'exchange' }));
    for (const name of ['a', 'b']) {
      await there.bind(binding('inner', name));
      await here.publish(envelope(), to('outer', '', { mandatory: true }));
    }
    expect([count('a'), count('b')]).toEqual([2, 1]);
  });

  it('go with their queue and with their exchange', async () => {
    const { broker, here } = await start();
    for (const name of ['e', 'f']) await here.declareExchange(exchange(name, 'direct'));
    await here.declareExchange(exchange('auto', 'direct', { autoDelete: true }));
    await here.bind(binding('f', 'auto', 'k', { destinationType: 'exchange' }));
    for (const name of ['q', 'r']) {
      await here.declareQueue(queue(name));
      await here.bind(binding('e', name, 'k'));
    }
    await here.bind(binding('auto', 'q', 'k'));
    await here.deleteQueue('q', { ifUnused: false, ifEmpty: false });
    expect(broker.bindings).toEqual([binding('e', 'r', 'k')]);
    await expect(here.deleteExchange('e', { ifUnused: true })).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
    await here.deleteExchange('e', { ifUnused: false });
    expect(broker.bindings).toEqual([]);
  });

  it('that cannot be written are not kept either, and a failed lookup fails the publish', async () => {
    const { broker, here } = await start();
    await here.declareExchange(exchange('e', 'direct'));
    await here.declareQueue(queue('q'));
    const add = broker.table.add.bind(broker.table);
    broker.table.add = () => Promise.reject(new Error('read only'));
    await expect(here.bind(binding('e', 'q', 'k'))).rejects.toMatchObject({ code: 'INTERNAL' });
    await expect(here.publish(envelope(), to('e', 'k', { mandatory: true }))).rejects.toMatchObject({
      code: 'UNROUTABLE',
    });
    broker.table.add = add;
    await here.bind(binding('e', 'q', 'k'));
    broker.failing = new Error('unreadable');
    await expect(here.publish(envelope(), to('e', 'k'))).rejects.toMatchObject({
      code: 'INTERNAL',
      cause: broker.failing,
    });
  });
});

/** Two processes on a broker that keeps bindings as Kombu does. */
const startKombu = async () => {
  const started = await start();
  const { broker, here, there } = started;
  broker.table.carries = isKombuBinding;
  for (const channel of [here, there]) {
    for (const name of ['one', 'two']) await channel.declareExchange(exchange(name, 'headers'));
    await channel.declareQueue(queue('q'));
  }
  return started;
};

describe('bindings that the store does not carry', () => {
  const pdf = { arguments: { format: 'pdf' } };
  const chain = binding('one', 'two', '', { destinationType: 'exchange' });
  const message = envelope('', {}, { format: 'pdf' });
  const publish = (channel: TransportChannel, name: string): Promise<unknown> =>
    channel.publish(message, to(name, '', { mandatory: true }));

  it('lead the messages of this process, beside those that it shares', async () => {
    const { broker, here, there, count } = await startKombu();
    await here.bind(binding('two', 'q', '', pdf));
    await here.bind(chain);
    await publish(here, 'two');
    await there.declareQueue(queue('all'));
    await there.bind(binding('two', 'all'));
    await publish(here, 'one');
    expect([count('q'), count('all')]).toEqual([2, 1]);
    expect(broker.bindings).toEqual([binding('two', 'all')]);
    await publish(there, 'two');
    expect([count('q'), count('all')]).toEqual([2, 2]);
  });

  it('end when they are unbound, and go with their queue and their exchange', async () => {
    const { broker, here } = await startKombu();
    const unroutable = { code: 'UNROUTABLE' };
    broker.table.remove = () => Promise.reject(new Error('never to be asked'));
    await here.bind(chain);
    await here.bind(binding('two', 'q', '', pdf));
    await here.unbind(chain);
    await expect(publish(here, 'one')).rejects.toMatchObject(unroutable);
    await here.bind(chain);
    await publish(here, 'one');
    await here.deleteQueue('q', { ifUnused: false, ifEmpty: false });
    await expect(publish(here, 'one')).rejects.toMatchObject(unroutable);
    await here.deleteExchange('two', { ifUnused: false });
    await expect(here.deleteExchange('one', { ifUnused: true })).resolves.toBeUndefined();
  });
});

describe('a store that knows which queues exist', () => {
  it('decides about publishes to the default exchange, declarations and reads', async () => {
    const { here, there, count } = await start();
    await there.declareQueue(queue('theirs'));
    await here.publish(envelope(), toQueue('theirs', { mandatory: true }));
    expect(count('theirs')).toBe(1);
    await here.declareQueue(queue('theirs', { passive: true }));
    await expect(here.publish(envelope(), toQueue('nowhere', { mandatory: true }))).rejects.toMatchObject({
      code: 'UNROUTABLE',
    });
    expect(await here.publish(envelope(), toQueue('nowhere'))).toBe('stored');
    expect(count('nowhere')).toBe(0);
    await expect(here.get('nowhere', { noAck: true })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await here.deleteQueue('theirs', { ifUnused: false, ifEmpty: false });
    await expect(here.publish(envelope(), toQueue('theirs', { mandatory: true }))).rejects.toMatchObject({
      code: 'UNROUTABLE',
    });
  });
});
