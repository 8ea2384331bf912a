import type { Delivery, SettleOutcome, TransportConnection } from '@kombu/core/spi';
import { seeded } from '../../src/fault/random.ts';
import { Rig, binding, consume, envelope, exchange, queue, textOf, toQueue, type Rigged } from './rig.ts';

/** A process: one connection with one channel. */
interface Peer {
  readonly connection: TransportConnection;
  readonly rigged: Rigged;
  held: Delivery[];
  consumers: number;
  /** Has its link ended? */
  readonly broken: () => boolean;
}

/** Publishers and consumers that do whatever they like, on links that break whenever they like. */
class World {
  readonly rig = Rig.memory({ leaseMs: 10_000 });
  readonly random: () => number;
  /** What became of each message, by its body. */
  readonly confirmed = new Set<string>();
  readonly acked = new Set<string>();
  readonly dead = new Set<string>();
  /** Settled on a link that broke before the answer came: done or not. */
  readonly uncertain = new Set<string>();
  readonly faults: string[] = [];
  readonly #live: Peer[] = [];
  #published = 0;

  constructor(seed: number) {
    this.random = seeded(seed);
  }

  below(limit: number): number {
    return Math.floor(this.random() * limit);
  }

  async declare(): Promise<void> {
    const { connection, channel } = await this.rig.start();
    await channel.declareExchange(exchange('dlx', 'fanout'));
    await channel.declareQueue(queue('dead'));
    await channel.bind(binding('dlx', 'dead'));
    await channel.declareQueue(queue('q', { arguments: { 'x-dead-letter-exchange': 'dlx' } }));
    await connection.close();
  }

  async step(): Promise<void> {
    const peer = this.#live[this.below(this.#live.length)];
    if (!peer || this.random() < 0.03) return this.#connect();
    const actions: (() => void | Promise<void>)[] = [
      () => this.#publish(peer.rigged),
      () => this.#publish(peer.rigged),
      () => this.#consume(peer),
      () => this.#settle(peer),
      () => this.#settle(peer),
      () => this.#settle(peer),
      () => this.#settleAll(peer),
      () => peer.rigged.channel.cancel(`c${this.below(Math.max(1, peer.consumers))}`),
      () => this.rig.clock.advance(this.below(3000)),
    ];
    await actions[this.below(actions.length)]!();
    if (this.random() < 0.02) await this.#trouble(peer);
    if (this.random() < 0.3) await this.rig.settle();
  }

  async #connect(): Promise<void> {
    if (this.#live.length >= 3) return;
    const { connection, channel, events } = await this.rig.start();
    const peer: Peer = {
      connection,
      rigged: { channel, events },
      held: [],
      consumers: 0,
      broken: () => events.ends.length > 0,
    };
    events.onDelivery = (delivery) => {
      if (this.acked.has(textOf(delivery))) this.faults.push(`${textOf(delivery)} was delivered after its ack`);
      peer.held.push(delivery);
    };
    this.#live.push(peer);
  }

  #publish({ channel }: Rigged): void {
    const body = `m${this.#published++}`;
    const properties = { priority: this.below(3) };
    const delay = this.random() < 0.1 ? { delay: this.below(2000) } : {};
    channel.publish(envelope(body, properties), toQueue('q', delay)).then(
      () => this.confirmed.add(body),
      () => {},
    );
  }

  #consume(peer: Peer): void {
    if (peer.consumers >= 4) return;
    const options = consume('q', { consumerTag: `c${peer.consumers++}`, prefetch: this.below(5) });
    peer.rigged.channel.consume(options).catch(() => {});
  }

  #settle(peer: Peer): void {
    const [delivery] = peer.held.splice(this.below(peer.held.length), 1);
    if (!delivery) return;
    const { channel } = peer.rigged;
    const body = textOf(delivery);
    const chance = this.random();
    if (chance < 0.6) this.#note(this.acked, body, channel.ack(delivery.deliveryTag), peer);
    else if (chance < 0.7) this.#note(this.dead, body, channel.reject(delivery.deliveryTag, { requeue: false }), peer);
    else channel.reject(delivery.deliveryTag, { requeue: true, delay: this.random() < 0.2 ? 500 : 0 }).catch(() => {});
  }

  #settleAll(peer: Peer): void {
    const last = peer.held.at(-1);
    if (!last || this.random() < 0.5) return;
    // Those that were lost before are none of ours, and not covered.
    const bodies = peer.held.filter(({ signal }) => !signal?.aborted).map(textOf);
    peer.held = [];
    peer.rigged.channel.ack(last.deliveryTag, { multiple: true }).then(
      (outcome) => {
        // Which of them were lost is not told: only when none was, all are known to be done.
        for (const body of bodies) (outcome === 'ok' ? this.acked : this.uncertain).add(body);
      },
      () => {},
    );
  }

  #note(into: Set<string>, body: string, outcome: Promise<SettleOutcome>, { broken }: Peer): void {
    const before = broken();
    outcome.then(
      (settled) => {
        if (settled === 'ok') into.add(body);
        else if (broken() !== before) this.uncertain.add(body);
      },
      () => {},
    );
  }

  async #trouble(peer: Peer): Promise<void> {
    const chance = this.random();
    if (chance < 0.3) return this.rig.transport.broker()?.expireLeases('q');
    if (chance < 0.5) return (this.rig.transport.broker()?.cut(), void this.#live.splice(0));
    this.#live.splice(this.#live.indexOf(peer), 1);
    if (chance < 0.7) await peer.rigged.channel.close();
    await this.rig.clock.advanceUntil(peer.connection.close(), 10_000);
  }

  /** Ends everything and reads what is left. */
  async finish(): Promise<{ readonly left: string[]; readonly dead: string[] }> {
    for (const { connection } of this.#live.splice(0)) await this.rig.clock.advanceUntil(connection.close(), 10_000);
    await this.rig.clock.advance(20_000);
    const { channel, events } = await this.rig.start();
    for (const name of ['q', 'dead']) await channel.consume(consume(name, { consumerTag: name }));
    await this.rig.clock.advance(1000);
    const from = (name: string): string[] =>
      events.deliveries.filter(({ consumerTag }) => consumerTag === name).map(textOf);
    return { left: from('q'), dead: from('dead') };
  }
}

describe('whatever happens', () => {
  it.each(Array.from({ length: 25 }, (_, index) => index + 1))(
    'no message is lost, and none is in two places (seed %i)',
    async (seed) => {
      const world = new World(seed);
      await world.declare();
      for (let step = 0; step < 300; step++) await world.step();
      const { left, dead } = await world.finish();
      expect(world.faults).toEqual([]);
      expect(world.confirmed.size).toBeGreaterThan(20);
      // Each message that is left is there once, and was not settled.
      expect(new Set(left).size).toBe(left.length);
      expect(left.filter((body) => world.acked.has(body) || world.dead.has(body))).toEqual([]);
      // ready + settled + dead = published.
      const accounted = new Set([...left, ...world.acked, ...world.uncertain, ...dead]);
      expect([...world.confirmed].filter((body) => !accounted.has(body))).toEqual([]);
      expect(world.acked.size).toBeGreaterThan(5);
    },
  );
});
