import {
  type Channel,
  type Connection,
  type Consumer,
  type ConsumerFactory,
  ConsumerMixin,
  ConsumerProducerMixin,
  type Message,
  Queue,
  ResourceLockedError,
} from '@kombu/core';
import { onMemory } from '../client/support/memory-bench.ts';

class Worker extends ConsumerMixin {
  readonly connection: Connection;
  readonly events: string[] = [];
  readonly bodies: unknown[] = [];
  failures = 0;

  constructor(connection: Connection) {
    super();
    this.connection = connection;
  }

  override getConsumers(make: ConsumerFactory, _channel: Channel): readonly Consumer[] {
    this.events.push('getConsumers');
    if (this.failures > 0) {
      this.failures -= 1;
      throw new ResourceLockedError('busy');
    }
    return [make({ queues: 'jobs', handler: (body, message) => this.#handle(body, message) })];
  }

  async #handle(body: unknown, message: Message): Promise<void> {
    this.bodies.push(body);
    await message.ack();
  }

  override onConnectionError(_error: Error, interval: number): void {
    this.events.push(`error ${interval}`);
  }
  override onConnectionRevived(): void {
    this.events.push('revived');
  }
  override onConsumeReady(): void {
    this.events.push('ready');
  }
  override onConsumeEnd(): void {
    this.events.push('end');
  }
  override extraContext(): AsyncDisposable {
    this.events.push('enter');
    return { [Symbol.asyncDispose]: async () => void this.events.push('leave') };
  }
}

describe('behaviour 25: ConsumerMixin', () => {
  it(
    'consumes until it is stopped, and calls its hooks in order',
    onMemory(async (bench) => {
      const worker = new Worker(bench.connection());
      const running = worker.run();
      await bench.until(1000, () => worker.events.includes('ready'));
      await bench.connection().producer({ routingKey: 'jobs' }).publish('a');
      await bench.until(1000, () => worker.bodies.length === 1);
      worker.stop();
      await bench.within(1000, running);
      expect(worker.events).toEqual(['revived', 'getConsumers', 'enter', 'ready', 'end', 'leave']);
      expect(worker.shouldStop).toBe(true);
    }),
  );

  it(
    'consumes on over a broken link, and hears of each attempt and of the new link',
    onMemory(async (bench) => {
      const worker = new Worker(bench.connection());
      const running = worker.run();
      await bench.until(1000, () => worker.events.includes('ready'));
      bench.network.refuse();
      await bench.network.drop();
      await bench.until(10_000, () => worker.events.some((event) => event.startsWith('error')));
      bench.network.heal();
      await bench.until(60_000, () => worker.events.filter((event) => event === 'revived').length === 2);
      await bench.connection().producer({ routingKey: 'jobs' }).publish('after');
      await bench.until(1000, () => worker.bodies.includes('after'));
      worker.stop();
      await bench.within(1000, running);
    }),
  );

  it(
    'begins again when it cannot set up its consumers, at most once in a second',
    onMemory(async (bench) => {
      const worker = new Worker(bench.connection());
      worker.failures = 3;
      const startedAt = bench.clock.now();
      const running = worker.run();
      await bench.until(10_000, () => worker.events.includes('ready'));
      expect(bench.clock.now() - startedAt).toBeGreaterThanOrEqual(3000);
      expect(worker.events.filter((event) => event === 'getConsumers')).toHaveLength(4);
      worker.stop();
      await bench.within(1000, running);
    }),
  );

  it(
    'gives up connecting after so many tries, and throws what a hook throws',
    onMemory(async (bench) => {
      bench.network.refuse();
      const worker = new Worker(bench.connection());
      worker.connectMaxRetries = 1;
      await expect(bench.within(60_000, worker.run())).rejects.toMatchObject({ code: 'CONNECTION_FAILED' });
      bench.network.heal();
      class Broken extends Worker {
        override onConsumeReady(): void {
          throw new RangeError('a mistake');
        }
      }
      await expect(bench.within(1000, new Broken(bench.connection()).run())).rejects.toThrow('a mistake');
    }),
  );

  it(
    'can be stopped while it cannot connect',
    onMemory(async (bench) => {
      bench.network.refuse();
      const worker = new Worker(bench.connection());
      const running = worker.run();
      await bench.until(10_000, () => worker.events.length > 0);
      worker.stop();
      await bench.within(1000, running);
    }),
  );

  it(
    'drops and logs what cannot be decoded, as Kombu does',
    onMemory(async (bench) => {
      const worker = new Worker(bench.connection());
      const running = worker.run();
      await bench.until(1000, () => worker.events.includes('ready'));
      const producer = bench.connection().producer({ routingKey: 'jobs' });
      await producer.publish(Buffer.from('{'), { contentType: 'application/json' });
      await producer.publish('next');
      await bench.until(1000, () => worker.bodies.length === 1);
      expect(bench.log.join('\n')).toContain('cannot be decoded');
      expect(await new Queue('jobs').size(bench.connection())).toBe(0);
      worker.stop();
      await bench.within(1000, running);
    }),
  );
});

describe('behaviour 25: ConsumerProducerMixin', () => {
  it(
    'publishes on a connection of its own, which it closes at the end',
    onMemory(async (bench) => {
      class Relay extends ConsumerProducerMixin {
        readonly connection = bench.connection();
        override getConsumers(make: ConsumerFactory): readonly Consumer[] {
          return [
            make({
              queues: 'in',
              handler: async (body, message) => {
                await this.producer.publish(body, { routingKey: 'out', declare: [new Queue('out')] });
                await message.ack();
              },
            }),
          ];
        }
      }
      const relay = new Relay();
      const running = relay.run();
      const connection = bench.connection();
      await connection.producer().publish('x', { routingKey: 'in', declare: [new Queue('in')] });
      await bench.until(1000, () => bench.broker.topology.queue('out') !== undefined);
      await bench.settle();
      expect(await new Queue('out').size(connection)).toBe(1);
      const own = relay.producerConnection;
      relay.stop();
      await bench.within(1000, running);
      expect(own.state).toBe('closed');
    }),
  );
});
