import { randomUUID } from 'node:crypto';
import { bounded } from '../reliability/deadline.ts';
import type { Channel } from './channel.ts';
import { closedError } from './closed-error.ts';
import { Exchange } from './exchange.ts';
import type { Place } from './host.ts';
import type { Message } from './message.ts';
import { Producer } from './producer.ts';
import type { PublishOptions } from './publish-options.ts';
import { Queue } from './queue.ts';
import { ReplyInbox } from './reply-inbox.ts';

export interface RequestOptions<T = unknown> extends Omit<
  PublishOptions<T>,
  'exchange' | 'replyTo' | 'correlationId' | 'expiration'
> {
  /**
   * Milliseconds until the reply has to be there; afterwards the request is worth nothing, so it expires in its queue too.
   * @default 30000
   */
  readonly timeout?: number | undefined;
}

const defaultTimeout = 30_000;
/** A queue for replies whose owner crashed goes after so many milliseconds. */
const abandonedAfterMs = 60_000;

/** The requests of one connection: they share one queue for replies. */
export class Requests {
  /** Brokers with a pseudo queue for replies want both on one channel. */
  readonly #channel: Channel;
  readonly #producer: Producer;
  readonly #waiting = new Map<string, (reason: Error) => void>();
  #inbox: ReplyInbox | undefined;

  constructor(place: Place) {
    this.#channel = place.internals.channelFor(place) as Channel;
    this.#producer = new Producer(this.#channel);
  }

  /** Resolves to the reply, decoded. */
  async send<R>(target: Queue | Exchange | string, body: unknown, options: RequestOptions = {}): Promise<R> {
    const { timeout = defaultTimeout, ...publish } = options;
    const { clock } = this.#channel.internals;
    const until = clock.now() + timeout;
    const wait = { timeout, signal: options.signal };
    await this.#channel.open(wait);
    const inbox = (this.#inbox ??= this.#makeInbox());
    await inbox.open(wait);
    const ticket = randomUUID();
    const reply = this.#expect<R>(inbox, ticket);
    try {
      const left = Math.max(1, until - clock.now());
      const published = this.#producer.publish(body, {
        mandatory: true,
        ...publish,
        ...routeTo(target, publish.routingKey),
        replyTo: inbox.queue.name,
        correlationId: ticket,
        expiration: left,
        timeout: left,
      });
      // The reply may overtake the confirm; a request that failed gets none.
      const answer = Promise.race([reply, published.then(() => reply)]);
      return await bounded(answer, { timeout: left, signal: options.signal }, clock, 'Waiting for a reply');
    } finally {
      inbox.forget(ticket);
      this.#waiting.delete(ticket);
    }
  }

  /** Requests that wait reject; their consumer closes with the connection. */
  abandon(): void {
    for (const reject of this.#waiting.values()) reject(closedError());
  }

  #expect<R>(inbox: ReplyInbox, ticket: string): Promise<R> {
    return new Promise((resolve, reject) => {
      this.#waiting.set(ticket, reject);
      inbox.listen(ticket, (message) => {
        try {
          resolve(message.payload as R);
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  #makeInbox(): ReplyInbox {
    const pseudo = this.#channel.internals.capabilities?.replyQueue;
    const queue =
      pseudo === undefined
        ? new Queue(`kombu.reply-${randomUUID()}`, { durable: false, exclusive: true, expires: abandonedAfterMs })
        : new Queue(pseudo, { noDeclare: true });
    return new ReplyInbox(this.#channel, { queue, ticketOf: ticketIn });
  }
}

function routeTo(target: Queue | Exchange | string, routingKey = ''): PublishOptions {
  if (typeof target === 'string') return { routingKey: target };
  if (target instanceof Exchange) return { exchange: target, routingKey, declare: [target] };
  const { exchange } = target;
  return exchange.name === ''
    ? { routingKey: target.name, declare: [target] }
    : { exchange, routingKey: target.routingKey, declare: [target] };
}

function ticketIn({ properties }: Message): unknown {
  return properties.correlationId;
}
