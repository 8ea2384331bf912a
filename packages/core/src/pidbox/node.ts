import { Consumer } from '../client/consumer.ts';
import { Exchange } from '../client/exchange.ts';
import type { Place } from '../client/host.ts';
import type { Message } from '../client/message.ts';
import { Producer } from '../client/producer.ts';
import type { Queue } from '../client/queue.ts';
import { NotFoundError, ResourceLockedError } from '../errors.ts';
import type { WaitOptions } from '../reliability/deadline.ts';
import type { LamportClock } from './lamport-clock.ts';
import type { MatcherRegistry } from './matchers.ts';
import { clockOf, readCommand, type Command, type CommandArguments, type ReplyAddress } from './wire.ts';

/** Carries out a command; what it returns, or what its promise gives, is the reply. */
export type CommandHandler<State> = (state: State, args: CommandArguments) => unknown;

export interface NodeOptions<State> {
  /** Handed to each handler. */
  readonly state?: State | undefined;
  readonly handlers?: Readonly<Record<string, CommandHandler<State>>> | undefined;
}

/** What a node has from its mailbox. */
interface NodeParts {
  readonly place: Place;
  readonly queue: Queue;
  readonly clock: LamportClock;
  readonly accept: readonly string[];
  readonly serializer: string;
  readonly matchers: MatcherRegistry;
}

/** One process under remote control: takes the commands of its mailbox that are meant for it, and answers. */
export class Node<State = undefined> implements AsyncDisposable {
  readonly hostname: string;
  readonly state: State;
  readonly #parts: NodeParts;
  readonly #handlers = new Map<string, CommandHandler<State>>();
  readonly #consumer: Consumer;
  readonly #producer: Producer;

  /** For {@link Mailbox.node}. */
  constructor(parts: NodeParts, hostname: string, { state, handlers = {} }: NodeOptions<State>) {
    const { place, queue, accept, serializer } = parts;
    this.hostname = hostname;
    this.state = state as State;
    this.#parts = parts;
    for (const [method, handler] of Object.entries(handlers)) this.handle(method, handler);
    this.#consumer = new Consumer(place, {
      queues: queue,
      noAck: true,
      accept,
      handler: (body, message) => this.#received(body, message),
    });
    this.#producer = new Producer(place, { serializer });
  }

  /** What to do on this command. A second handler replaces the first. */
  handle(method: string, handler: CommandHandler<State>): void {
    this.#handlers.set(method, handler);
  }

  /**
   * Takes commands from now on; resolves when they can come.
   *
   * @throws ResourceLockedError when another connection has a node of this name.
   */
  async listen(wait: WaitOptions = {}): Promise<void> {
    try {
      const info = await this.#parts.queue.declare(this.#parts.place);
      if (info && info.consumerCount > 0) this.#warnOfTwin();
      await this.#consumer.consume(wait);
    } catch (cause) {
      if (!(cause instanceof ResourceLockedError)) throw cause;
      throw new ResourceLockedError(
        `A node named ${JSON.stringify(this.hostname)} listens already: give each process a name of its own`,
        { cause },
      );
    }
  }

  /** Carries out a command as if it had come: the reply is what the handler returned, or `{ error }`. */
  async dispatch(method: string, args: CommandArguments = {}): Promise<unknown> {
    try {
      const handler = this.#handlers.get(method);
      if (!handler) throw new NotFoundError(`There is no handler for ${JSON.stringify(method)}`);
      return await handler(this.state, args);
    } catch (error) {
      this.#parts.place.internals.logger.error(`The remote command ${JSON.stringify(method)} failed`, { error });
      return { error: representation(error) };
    }
  }

  async close(): Promise<void> {
    await this.#consumer.close();
    await this.#producer.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #received(body: unknown, message: Message): Promise<void> {
    const { clock, place } = this.#parts;
    clock.adjust(clockOf(message));
    const command = readCommand(body);
    if (!command) return place.internals.logger.warn('A message that is no command came to a mailbox', { body });
    if (!this.#isMeant(command)) return;
    const result = await this.dispatch(command.method, command.arguments);
    if (command.reply_to) await this.#reply(command.reply_to, result, command.ticket);
  }

  #isMeant({ destination, pattern, matcher }: Command): boolean {
    if (destination && destination.length > 0) return destination.includes(this.hostname);
    if (pattern && matcher) return this.#parts.matchers.match(this.hostname, pattern, matcher);
    return true;
  }

  async #reply({ exchange, routing_key }: ReplyAddress, result: unknown, ticket: string | undefined): Promise<void> {
    const target = new Exchange(exchange, { type: 'direct', durable: false, deliveryMode: 'transient' });
    await this.#producer.publish(
      { [this.hostname]: result ?? null },
      {
        exchange: target,
        routingKey: routing_key,
        declare: [target],
        headers: { ticket, clock: this.#parts.clock.forward() },
        retry: true,
      },
    );
  }

  #warnOfTwin(): void {
    this.#parts.place.internals.logger.warn(
      `A node named ${JSON.stringify(this.hostname)} is already using this mailbox: the two will take each other's commands. Give each process a name of its own.`,
    );
  }
}

/** As Python's `repr` of an exception: readers show it as it is. */
function representation(error: unknown): string {
  return error instanceof Error ? `${error.name}(${JSON.stringify(error.message)})` : `Error(${JSON.stringify(error)})`;
}
