import { createHash } from 'node:crypto';
import type { RedisOptions } from './options.ts';
import { stepOf } from './priority-steps.ts';

/** The keys of one queue. */
export interface QueueKeys {
  readonly queue: string;
  /** One list for each priority step, in the order in which they are read. */
  readonly lists: readonly string[];
  /** The one of step 0, where most messages are. */
  readonly base: string;
  readonly unacked: string;
  readonly unackedIndex: string;
  /** A sorted set of our own: messages that are hidden for a while, by the time when they are due. */
  readonly delayed: string;
  /** What the names of claims on this queue begin with. */
  readonly claimPrefix: string;
  /** What stands behind the payload in the record of a claim: whoever restores it routes it back into this queue. */
  readonly recordEnd: string;
}

/**
 * The names of all keys and channels. They are Kombu's, and with a prefix of `_kombu.` some of our own beside them.
 *
 * In a cluster each queue and each exchange has a hash tag of its own, so that all its keys are in one slot.
 */
export class Keys {
  /** The priority steps in the order in which their lists are read. */
  readonly steps: readonly number[];
  /** Queues that have delayed messages, by the time when the first of them is due. */
  readonly plan: string;
  /** Queues that go when their owner no longer renews their time. */
  readonly queueDeadlines: string;
  /** Kombu's: binding tables that go when no consumer renews their time. */
  readonly bindingDeadlines: string;
  readonly isCluster: boolean;
  readonly #options: RedisOptions;
  readonly #prefix: string;
  readonly #known = new Map<string, QueueKeys>();

  constructor(options: RedisOptions, isCluster: boolean) {
    const { prioritySteps, priorityOrder, globalKeyprefix } = options;
    this.steps = priorityOrder === 'kombu' ? prioritySteps : prioritySteps.toReversed();
    this.isCluster = isCluster;
    this.#options = options;
    this.#prefix = globalKeyprefix;
    this.plan = `${globalKeyprefix}_kombu.delays`;
    this.queueDeadlines = `${globalKeyprefix}_kombu.queue_deadlines`;
    this.bindingDeadlines = `${globalKeyprefix}_kombu.binding_deadlines`;
  }

  queue(queue: string): QueueKeys {
    let keys = this.#known.get(queue);
    if (keys) return keys;
    if (this.#known.size >= rememberedQueues) this.#known.clear();
    keys = this.#queueKeys(queue);
    this.#known.set(queue, keys);
    return keys;
  }

  /** The place, from 0, of the list for messages of this priority. */
  listOf(priority: number): number {
    return this.steps.indexOf(stepOf(priority, this.#options.prioritySteps));
  }

  bindings(exchange: string): string {
    return `${this.#prefix}_kombu.binding.${this.#tagged(exchange)}`;
  }

  /** Kombu's: the bindings of queues without `x-expires`, for whose sake a table is kept. */
  permanentBindings(exchange: string): string {
    return `${this.#prefix}_kombu.binding_permanent.${this.#tagged(exchange)}`;
  }

  /** The bindings that Kombu's table cannot hold. */
  ownBindings(exchange: string): string {
    return `${this.#prefix}_kombu.binding_more.${this.#tagged(exchange)}`;
  }

  /** The bindings of a fanout exchange that are fed by their publishers, by the time until which they hold. */
  fanoutBindings(exchange: string): string {
    return `${this.#prefix}_kombu.fanout.${this.#tagged(exchange)}`;
  }

  /** The exchanges that lead to a queue. */
  boundExchanges(queue: string): string {
    return `${this.#prefix}_kombu.bound.${this.#tagged(queue)}`;
  }

  /** Says that a message that was broadcast has been put into the queue. */
  broadcastMark(queue: string, deliveryTag: string): string {
    return `${this.#prefix}_kombu.broadcast.${this.#tagged(queue)}.${deliveryTag}`;
  }

  #queueKeys(queue: string): QueueKeys {
    const { sep, unackedKey, unackedIndexKey } = this.#options;
    // A separator in a name would make it the list of another queue. Kombu has no such names: its readers cut at the last one.
    const name = this.#tagged(queue.replaceAll(sep, sep + sep));
    const base = this.#prefix + name;
    const own = this.isCluster ? `${base}:` : this.#prefix;
    const hash = createHash('sha1').update(queue, 'utf16le').digest('base64url').slice(0, 10);
    return {
      queue,
      lists: this.steps.map((step) => (step === 0 ? base : `${base}${sep}${step}`)),
      base,
      unacked: own + unackedKey,
      unackedIndex: own + unackedIndexKey,
      delayed: `${this.#prefix}_kombu.delayed.${name}`,
      claimPrefix: `${hash}.`,
      recordEnd: `, "", ${asciiJson(queue)}]`,
    };
  }

  /**
   * The part of a key between the first `{` and the first `}` behind it decides its slot, unless it is empty: a name that
   * begins with `}` or is empty gets a colon before it, and so that no two become one, a name with a colon there another.
   */
  #tagged(name: string): string {
    if (!this.isCluster) return name;
    return /^([:}]|$)/.test(name) ? `{:${name}}` : `{${name}}`;
  }
}

/** More would be reply queues, whose names never come again. */
const rememberedQueues = 10_000;

/** A JSON string of ASCII characters, as Python writes it: it is the same in any encoding. */
export function asciiJson(text: string): string {
  return JSON.stringify(text).replaceAll(
    /[\u007f-\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
