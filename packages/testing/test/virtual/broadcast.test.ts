import type { BroadcastMessage, QueueStore } from '@kombu/core/spi';
import { Gate } from '../../src/index.ts';
import { Rig, binding, envelope, exchange, queue, to, type Rigged } from './rig.ts';

/** A store whose exchanges peers can listen to. */
const start = async (
  broadcast: (exchange: string, messages: readonly BroadcastMessage[]) => Promise<void | readonly number[]>,
): Promise<Rigged> => {
  const wrapStore = (store: QueueStore): QueueStore => Object.assign(store, { broadcast });
  const rigged = await Rig.memory({ wrapStore }).start();
  await rigged.channel.declareExchange(exchange('news', 'fanout'));
  await rigged.channel.declareExchange(exchange('tasks', 'direct'));
  await rigged.channel.declareQueue(queue('own'));
  return rigged;
};

describe('broadcasts to the listeners of a fanout exchange', () => {
  it('reach them besides the queues, with the same envelope, and only through the fanout exchange', async () => {
    const sent: [string, BroadcastMessage][] = [];
    const { channel } = await start(
      async (to_, messages) => void sent.push(...messages.map((each): [string, BroadcastMessage] => [to_, each])),
    );
    await channel.bind(binding('news', 'own'));
    await channel.bind(binding('tasks', 'own', 'key'));
    await channel.publish(envelope('direct'), to('tasks', 'key'));
    await channel.publish(envelope('fanned out'), to('news', 'a.b'));
    expect(sent).toHaveLength(1);
    const [name, { payload, routingKey }] = sent[0] as [string, BroadcastMessage];
    expect([name, routingKey]).toEqual(['news', 'a.b']);
    expect(JSON.parse(payload)).toMatchObject({ body: Buffer.from('fanned out').toString('base64') });
    expect(await channel.purgeQueue('own')).toBe(2);
  });

  it('go together: those of one turn in one call, those that come meanwhile in the next', async () => {
    const batches: number[] = [];
    const gate = new Gate();
    gate.shut();
    const { channel } = await start(async (_, messages) => {
      batches.push(messages.length);
      await gate.pass();
    });
    const publish = (): Promise<unknown> => channel.publish(envelope(), to('news', ''));
    const first = [publish(), publish()];
    await Promise.resolve();
    await Promise.resolve();
    const later = [publish(), publish(), publish()];
    gate.open();
    await Promise.all([...first, ...later]);
    expect(batches).toEqual([2, 3]);
  });

  it('satisfy `mandatory` when the store knows of a listener, and only then', async () => {
    let listeners: readonly number[] | undefined = [1];
    const { channel } = await start(async () => listeners);
    const publish = (): Promise<unknown> => channel.publish(envelope(), to('news', '', { mandatory: true }));
    await expect(publish()).resolves.toBe('confirmed');
    listeners = [0];
    await expect(publish()).rejects.toMatchObject({ code: 'UNROUTABLE' });
    listeners = undefined;
    await expect(publish()).rejects.toMatchObject({ code: 'UNROUTABLE' });
    await channel.bind(binding('news', 'own'));
    await expect(publish()).resolves.toBe('confirmed');
  });

  it('that fail, fail the publish', async () => {
    const { channel } = await start(async () => {
      throw new Error('no room');
    });
    await channel.bind(binding('news', 'own'));
    await expect(channel.publish(envelope(), to('news', ''))).rejects.toThrow('no room');
  });

  it('are not made of delayed messages, which nothing would keep for the listeners', async () => {
    let calls = 0;
    const { channel } = await start(async () => void (calls += 1));
    await channel.bind(binding('news', 'own'));
    await channel.publish(envelope(), to('news', '', { delay: 1000 }));
    expect(calls).toBe(0);
  });
});
