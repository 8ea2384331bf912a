import type { Clock, Route } from '@kombu/core/spi';
import { LimitExceededError, TimeoutError } from '@kombu/core/spi';
import type { Channel } from 'amqplib';
import type { ChannelLife } from './channel-life.ts';
import { closeChannel } from './close-channel.ts';
import { delayExit } from './delay-exits.ts';
import type { DelayExit } from './delay-exits.ts';
import { delayKey, delayLevels, deliveryExchange, entryExchange, maxDelayMs } from './delay-levels.ts';
import type { AmqpOptions } from './options.ts';
import { settledWithin } from './settled-within.ts';
import { typedTable } from './wire/typed-table.ts';

/** An exit that was used is declared anew after so long, well before the broker lets it go. */
const renewAfterMs = 3_600_000;

/** How long the broker may take for what it is asked to declare in one go, in milliseconds. */
const declareMs = 30_000;

/** Exits that are remembered; more are declared again each time. */
const maxExits = 10_000;

/** Declares what delayed messages pass through, once per connection and as late as possible. */
export class DelayedDelivery {
  readonly #options: AmqpOptions;
  readonly #clock: Clock;
  readonly #openChannel: () => Promise<ChannelLife>;
  #life: ChannelLife | undefined;
  #turn: Promise<void> = Promise.resolve();
  #levels: Promise<void> | undefined;
  readonly #exits = new Map<string, { readonly at: number; readonly declared: Promise<void> }>();

  constructor(options: AmqpOptions, clock: Clock, openChannel: () => Promise<ChannelLife>) {
    this.#options = options;
    this.#clock = clock;
    this.#openChannel = openChannel;
  }

  /**
   * Where to publish a message so that it gets to its route after the delay.
   *
   * @throws LimitExceededError for too long a delay, or what the broker says to a declaration.
   */
  async routeFor(route: Route, delay: number): Promise<Route> {
    if (delay > maxDelayMs) {
      throw new LimitExceededError(
        `A delay of ${delay} ms is too long: RabbitMQ holds messages for ${maxDelayMs} ms at most`,
      );
    }
    const exit = delayExit(route, delay, this.#options);
    this.#levels ??= this.#declareAllLevels();
    await this.#levels;
    await this.#exit(exit, route.exchange);
    const { confirm } = route;
    // Mandatory: should somebody have deleted the levels, the message must not vanish.
    return { exchange: entryExchange(this.#options), routingKey: delayKey(delay, exit.word), mandatory: true, confirm };
  }

  /** Declares everything again with the next delayed message: something is not as it was. */
  forget(): void {
    this.#levels = undefined;
    this.#exits.clear();
  }

  #exit(exit: DelayExit, exchange: string): Promise<void> {
    const now = this.#clock.now();
    const known = this.#exits.get(exit.queue);
    if (known && now - known.at < renewAfterMs) return known.declared;
    if (this.#exits.size >= maxExits) this.#exits.clear();
    const declared = this.#declare((channel) => declareExit(channel, exit, exchange));
    this.#exits.set(exit.queue, { at: now, declared });
    // What fails is tried again by the next who needs it.
    declared.catch(() => this.#exits.delete(exit.queue));
    return declared;
  }

  #declareAllLevels(): Promise<void> {
    const declared = this.#declare((channel) => this.#declareLevels(channel));
    declared.catch(() => {
      this.#levels = undefined;
    });
    return declared;
  }

  /** One after the other, so that a refusal, which closes the channel, hits only its own message. */
  #declare(work: (channel: Channel) => Promise<void>): Promise<void> {
    const declared = this.#turn.then(async () => {
      if (this.#life === undefined || this.#life.isOver) this.#life = await this.#openChannel();
      await this.#callInTime(this.#life, work);
    });
    this.#turn = declared.catch(() => {});
    return declared;
  }

  /** A request without an answer costs its channel: the next in turn must not wait behind it for ever. */
  async #callInTime(life: ChannelLife, work: (channel: Channel) => Promise<void>): Promise<void> {
    const done = life.call(work);
    if (await settledWithin(done, declareMs, this.#clock)) return done;
    done.catch(() => {});
    life.startClosing();
    void closeChannel(life.inner, this.#clock);
    throw new TimeoutError(`RabbitMQ did not declare within ${declareMs} ms what delayed messages pass through`);
  }

  async #declareLevels(channel: Channel): Promise<void> {
    const levels = delayLevels(this.#options);
    const delivery = deliveryExchange(this.#options);
    const exchanges = [...levels.map(({ name }) => name), delivery];
    await Promise.all([
      ...exchanges.map((name) => channel.assertExchange(name, 'topic', { durable: true })),
      ...levels.map(({ name, arguments: args }) =>
        channel.assertQueue(name, { durable: true, arguments: typedTable(args) }),
      ),
      ...levels.flatMap(({ wait, pass }) => [
        channel.bindQueue(wait.destination, wait.source, wait.pattern),
        channel.bindExchange(pass.destination, pass.source, pass.pattern),
      ]),
    ]);
  }
}

async function declareExit(channel: Channel, exit: DelayExit, exchange: string): Promise<void> {
  const { source, destination, pattern } = exit.binding;
  await Promise.all([
    // A message for an exchange that is not there would be lost, or wait for ever.
    ...(exchange === '' ? [] : [channel.checkExchange(exchange)]),
    channel.assertQueue(exit.queue, { durable: true, arguments: typedTable(exit.arguments) }),
    channel.bindQueue(destination, source, pattern),
  ]);
}
