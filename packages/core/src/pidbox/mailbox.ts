import { randomUUID } from 'node:crypto';
import { hostname as ownHostname } from 'node:os';
import { Exchange } from '../client/exchange.ts';
import type { Place } from '../client/host.ts';
import type { Message } from '../client/message.ts';
import { Producer } from '../client/producer.ts';
import { Queue } from '../client/queue.ts';
import { ReplyInbox } from '../client/reply-inbox.ts';
import { InvalidArgumentError, NotBoundError } from '../errors.ts';
import { LamportClock } from './lamport-clock.ts';
import { checkMailboxOptions, type MailboxOptions } from './mailbox-options.ts';
import { matchers } from './matchers.ts';
import { Node, type NodeOptions } from './node.ts';
import { ReplyCollection } from './reply-collection.ts';
import type { Command, CommandArguments, Reply } from './wire.ts';

/** Whom a command is for, and how it travels. */
export interface CastOptions {
  /** Only nodes whose name matches; see `matcher`. */
  readonly pattern?: string | undefined;
  /** How `pattern` is read: `glob`, `pcre` or one that was registered. @default 'glob' */
  readonly matcher?: string | undefined;
  /** @default the mailbox's */
  readonly serializer?: string | undefined;
}

export interface CallOptions extends CastOptions {
  /** How long to wait for replies, in milliseconds. @default 1000 */
  readonly timeout?: number | undefined;
  /** Wait for no more replies than this. @default the number of destinations, or none */
  readonly limit?: number | undefined;
  /** Called with each reply when it comes. */
  readonly onReply?: ((reply: Reply) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Remote control: sends commands to the nodes of a namespace and gathers their answers, on the wire as `kombu.pidbox`, so that
 * Python and Node.js processes control each other. A plain value until `bind` gives it a connection.
 */
export class Mailbox implements AsyncDisposable {
  readonly namespace: string;
  readonly options: MailboxOptions;
  readonly clock: LamportClock;
  /** For commands. */
  readonly exchange: Exchange;
  /** For answers. */
  readonly replyExchange: Exchange;
  /** Names this mailbox as the place for its answers. */
  readonly oid: string = randomUUID();
  #place: Place | undefined;
  #producer: Producer | undefined;
  #inbox: ReplyInbox | undefined;

  constructor(namespace: string, options: MailboxOptions = {}) {
    checkMailboxOptions(options);
    const transient = { durable: false, deliveryMode: 'transient' } as const;
    this.namespace = namespace;
    this.options = options;
    this.clock = options.clock ?? new LamportClock();
    this.exchange = new Exchange(`${namespace}.pidbox`, { type: options.type ?? 'direct', ...transient });
    this.replyExchange = new Exchange(`reply.${namespace}.pidbox`, { type: 'direct', ...transient });
  }

  /** A copy that works on this connection or channel, with an address of its own for answers. */
  bind(place: Place): Mailbox {
    const bound = new Mailbox(this.namespace, { ...this.options, clock: this.clock });
    bound.#place = place;
    return bound;
  }

  /** A node of this namespace. @param hostname Default: the name of the machine. */
  node<State = undefined>(hostname: string = ownHostname(), options: NodeOptions<State> = {}): Node<State> {
    const place = this.#bound('node');
    return new Node<State>(
      {
        place,
        queue: this.queueOf(hostname),
        clock: this.clock,
        accept: this.options.accept ?? ['json'],
        serializer: this.options.serializer ?? 'json',
        matchers: this.options.matchers ?? matchers,
      },
      hostname,
      options,
    );
  }

  /** The queue in which a node of this name gets its commands. */
  queueOf(hostname: string): Queue {
    const { queueDurable = false, queueExclusive = true, queueExpires, queueTtl } = this.options;
    return new Queue(`${hostname}.${this.namespace}.pidbox`, {
      exchange: this.exchange,
      durable: queueDurable,
      exclusive: queueExclusive,
      autoDelete: !queueDurable,
      expires: queueExpires,
      messageTtl: queueTtl,
    });
  }

  /** Tells these nodes to do something. Resolves when the broker has the command. */
  async cast(
    destination: readonly string[],
    command: string,
    args: CommandArguments = {},
    options: CastOptions = {},
  ): Promise<void> {
    await this.#send(this.#command(command, args, listOf(destination), options), 0, options);
  }

  /** Tells all nodes, or those that `pattern` matches, to do something. */
  async broadcast(command: string, args: CommandArguments = {}, options: CastOptions = {}): Promise<void> {
    await this.#send(this.#command(command, args, null, options), 0, options);
  }

  /** As `cast`, and resolves to the replies: when all these nodes answered, or with what there is when the time is up. */
  call(
    destination: readonly string[],
    command: string,
    args: CommandArguments = {},
    options: CallOptions = {},
  ): Promise<Reply[]> {
    const names = listOf(destination);
    return this.#call(this.#command(command, args, names, options), {
      ...options,
      limit: options.limit ?? names.length,
    });
  }

  /** As `broadcast`, and resolves to the replies that came in time. */
  multiCall(command: string, args: CommandArguments = {}, options: CallOptions = {}): Promise<Reply[]> {
    return this.#call(this.#command(command, args, null, options), options);
  }

  /** Gives up the queue for answers; calls that wait end with what they have. Nodes are closed on their own. */
  async close(): Promise<void> {
    const inbox = this.#inbox;
    this.#inbox = undefined;
    await inbox?.close();
    await this.#producer?.close();
    this.#producer = undefined;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #call(command: Command, options: CallOptions): Promise<Reply[]> {
    const { timeout = 1000, limit = Infinity } = options;
    const place = this.#bound('call');
    const ticket = randomUUID();
    const inbox = (this.#inbox ??= this.#openInbox(place));
    await inbox.open({ timeout: options.timeout ?? 30_000, signal: options.signal });
    const replies = new ReplyCollection(place.internals.clock, { ...options, timeout, limit });
    inbox.listen(ticket, (message) => replies.add(message, this.clock));
    try {
      const address = { exchange: this.replyExchange.name, routing_key: this.oid };
      await this.#send({ ...command, ticket, reply_to: address }, timeout, options);
      return await replies.complete();
    } finally {
      inbox.forget(ticket);
      replies.close();
    }
  }

  #command(
    method: string,
    args: CommandArguments,
    destination: readonly string[] | null,
    { pattern, matcher }: CastOptions,
  ): Command {
    const match = pattern === undefined ? null : (matcher ?? 'glob');
    return { method, arguments: args, destination, pattern: pattern ?? null, matcher: match };
  }

  async #send(command: Command, timeout: number, { serializer }: CastOptions): Promise<void> {
    const place = this.#bound('cast');
    const producer = (this.#producer ??= new Producer(place, { serializer: this.options.serializer ?? 'json' }));
    const expires = timeout > 0 ? (place.internals.clock.now() + timeout) / 1000 : 0;
    await producer.publish(command, {
      exchange: this.exchange.name,
      declare: [this.exchange],
      headers: { clock: this.clock.forward(), expires },
      retry: true,
      ...(serializer === undefined ? {} : { serializer }),
    });
  }

  #openInbox(place: Place): ReplyInbox {
    const { replyQueueTtl, replyQueueExpires = 10_000, accept = ['json'] } = this.options;
    const queue = new Queue(`${this.oid}.${this.replyExchange.name}`, {
      exchange: this.replyExchange,
      routingKey: this.oid,
      durable: false,
      // Nobody else knows its name, and newer brokers refuse transient queues that are shared.
      exclusive: true,
      expires: replyQueueExpires,
      messageTtl: replyQueueTtl,
    });
    return new ReplyInbox(place, { queue, accept, ticketOf: ticketIn });
  }

  #bound(operation: string): Place {
    if (this.#place) return this.#place;
    throw new NotBoundError(
      `Can't call ${operation} on a Mailbox that is not bound to a connection: use mailbox.bind(connection)`,
    );
  }
}

function listOf(destination: readonly string[]): readonly string[] {
  if (Array.isArray(destination)) return destination as readonly string[];
  throw new InvalidArgumentError(`The destination is a list of node names, not ${typeof destination}`);
}

function ticketIn({ headers }: Message): unknown {
  return headers['ticket'];
}
