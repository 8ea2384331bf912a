import type { Clock } from '@kombu/core/spi';
import { ConnectionError } from '@kombu/core/spi';
import type { Channel, ChannelModel } from 'amqplib';
import { classify } from './classify.ts';
import type { InnerChannel, InnerConnection } from './client.ts';
import { innerConnection, refuseUnwritable } from './client.ts';
import { isEnd } from './is-end.ts';
import { settledWithin } from './settled-within.ts';
import type { ContentReader } from './wire/content-reader.ts';
import { FrameReader } from './wire/frame-reader.ts';
import { TextCache } from './wire/text-cache.ts';
import { WriteBuffer } from './wire/write-buffer.ts';

/** So many bytes are not kept back until the end of the tick. */
const flushBytes = 64 * 1024;

/** How long the broker may take to open a channel, in milliseconds. */
const openMs = 15_000;

/** How long the broker may take to answer a polite goodbye, in milliseconds. */
export const politeMs = 2000;

/** Has something to write that is only made up when the socket writes. */
export interface Flushed {
  beforeFlush(out: WriteBuffer): void;
}

/** Is told when what it wrote has left the process, or never will. */
export interface WriteListener {
  written(): void;
  lost(error: Error): void;
}

/**
 * One AMQP connection: amqplib logs in, keeps heartbeats, opens and closes channels; frames that carry messages go past it.
 * What is written in one tick leaves in one piece.
 */
export class AmqpSocket {
  readonly model: ChannelModel;
  /** What leaves at the end of the tick; `flushSoon` after each message. */
  readonly out: WriteBuffer = new WriteBuffer();
  readonly frameMax: number;
  /** Texts that message after message has. */
  readonly texts: TextCache = new TextCache();
  /** Resolves once, when the connection is over: with the reason, or with undefined after `close()`. */
  readonly closed: Promise<Error | undefined>;
  readonly #inner: InnerConnection;
  readonly #clock: Clock;
  readonly #frames: FrameReader;
  readonly #readers: (ContentReader | undefined)[] = [];
  #listeners: WriteListener[] = [];
  #dirty: Flushed[] = [];
  #isScheduled = false;
  #isOver = false;
  #flushes = 0;
  #lastReadAt: number;
  #closing: Promise<void> | undefined;
  readonly #flush: () => void = () => this.flush();

  constructor(model: ChannelModel, clock: Clock) {
    this.model = model;
    this.#clock = clock;
    this.#inner = innerConnection(model);
    this.frameMax = this.#inner.frameMax;
    this.#frames = new FrameReader(this.frameMax);
    this.#lastReadAt = clock.now();
    this.closed = new Promise((resolve) => {
      // After a breach of the protocol amqplib says goodbye, and waits for an answer for ever.
      model.on('error', (error) => this.destroy(error));
      model.on('close', (error?: Error) => {
        const reason = reasonOf(error);
        this.#end(reason);
        resolve(this.#closing ? undefined : reason);
      });
    });
    this.#takeOverReading();
  }

  /** When the broker was last heard of, heartbeats included. */
  get lastReadAt(): number {
    return this.#lastReadAt;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Grows with each write to the socket: what was appended at this number has not left the process. */
  get flushes(): number {
    return this.#flushes;
  }

  /** Opens a channel of amqplib. */
  async openChannel(options: { readonly confirms: boolean }): Promise<Channel & InnerChannel> {
    if (this.#isOver || this.#closing) throw await this.#whyOver();
    const timer = this.#clock.setTimeout(() => this.#isLateToOpen(), openMs);
    try {
      const opening = options.confirms ? this.model.createConfirmChannel() : this.model.createChannel();
      const channel = (await opening) as Channel & InnerChannel;
      // Its end may have come with the answer, and is not told again.
      if (this.#isOver) throw await this.#whyOver();
      refuseUnwritable(channel);
      return channel;
    } catch (error) {
      throw isEnd(error) ? await this.#whyOver() : error;
    } finally {
      this.#clock.clearTimeout(timer);
    }
  }

  /** From now on the reader gets the messages of this channel. */
  attach(channel: Channel & InnerChannel, reader: ContentReader): void {
    const { ch } = channel;
    this.#readers[ch] = reader;
    channel.on('close', () => {
      // Its number may have gone to another by then.
      if (this.#readers[ch] === reader) this.#readers[ch] = undefined;
    });
  }

  /** Calls back with the next flush, once. */
  askBeforeFlush(flushed: Flushed): void {
    this.#dirty.push(flushed);
    this.#schedule();
  }

  /** Tells the listener what became of all that was appended so far. */
  onWritten(listener: WriteListener): void {
    this.#listeners.push(listener);
  }

  /** Writes what was appended, at the end of the tick or when it is much. */
  flushSoon(): void {
    if (this.out.size >= flushBytes) this.flush();
    else this.#schedule();
  }

  flush(): void {
    this.#isScheduled = false;
    if (this.#isOver) return;
    const dirty = this.#dirty;
    if (dirty.length > 0) {
      this.#dirty = [];
      for (const each of dirty) each.beforeFlush(this.out);
    }
    if (this.out.size === 0) return;
    this.#flushes += 1;
    this.#inner.sentSinceLastCheck = true;
    this.#inner.stream.write(this.out.take(), this.#whenWritten());
  }

  /** Says goodbye, and hangs up when the broker does not answer. Idempotent, never rejects. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Hangs up at once. */
  destroy(reason: Error): void {
    // Only an error tells amqplib that the socket is gone.
    if (!this.#isOver) this.#inner.stream.destroy(reason);
  }

  #isLateToOpen(): void {
    // It will read on, and answer, when it is no longer short of memory or disk.
    if (this.#inner.blocked) return;
    this.destroy(new ConnectionError(`RabbitMQ opened no channel within ${openMs} ms; the connection is given up`));
  }

  async #whyOver(): Promise<Error> {
    const reason = this.#closing ? undefined : await this.closed;
    if (!reason) return new ConnectionError('The connection is closed', { code: 'CLOSED' });
    return new ConnectionError(`The connection to RabbitMQ broke: ${reason.message}`, { cause: reason });
  }

  async #close(): Promise<void> {
    if (this.#isOver) return;
    this.flush();
    // Its promise stays pending when the link breaks meanwhile.
    this.model.close().catch(() => {});
    if (await settledWithin(this.closed, politeMs, this.#clock)) return;
    this.destroy(new ConnectionError('The broker did not answer when the connection was closed'));
    await settledWithin(this.closed, politeMs, this.#clock);
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    // After the microtasks: whatever they settle and publish goes into the same write.
    process.nextTick(this.#flush);
  }

  #whenWritten(): ((error?: Error | null) => void) | undefined {
    if (this.#listeners.length === 0) return undefined;
    const listeners = this.#listeners;
    this.#listeners = [];
    const { stream } = this.#inner;
    return (error) => {
      // Node calls the write done that was under way when its socket was destroyed.
      const failure = error ?? (stream.destroyed ? reasonOf(stream.errored) : undefined);
      for (const each of listeners) {
        if (failure) each.lost(failure);
        else each.written();
      }
    };
  }

  /** amqplib asks for frames by this method; it gets the ones that are its own. */
  #takeOverReading(): void {
    const inner = this.#inner;
    const decode = inner.recvFrame.bind(inner);
    const nothing = Buffer.alloc(0);
    this.#frames.push(inner.rest);
    inner.rest = nothing;
    inner.recvFrame = () => {
      for (;;) {
        const frame = this.#frames.next();
        if (!frame) {
          if (!this.#read()) return false;
        } else if (!this.#readers[frame.channel]?.take(frame)) {
          inner.rest = frame.bytes;
          return decode();
        }
      }
    };
  }

  #read(): boolean {
    const bytes = this.#inner.stream.read() as Buffer | null;
    if (bytes === null) return false;
    this.#inner.recvSinceLastCheck = true;
    this.#lastReadAt = this.#clock.now();
    this.#frames.push(bytes);
    return true;
  }

  #end(reason: Error): void {
    this.#isOver = true;
    this.#readers.length = 0;
    this.#dirty = [];
    for (const each of this.#listeners.splice(0)) each.lost(reason);
    // amqplib only ends its side: a peer that is gone would keep the socket open for ever.
    this.#inner.stream.destroy();
  }
}

/** Why a connection is over. What nobody knows came of reading what the broker sent. */
function reasonOf(error: Error | null | undefined): Error {
  if (!error) return new ConnectionError('The connection was closed');
  if (classify(error) !== 'INTERNAL') return error;
  return new ConnectionError(`What RabbitMQ sent cannot be read: ${error.message}`, { cause: error });
}
