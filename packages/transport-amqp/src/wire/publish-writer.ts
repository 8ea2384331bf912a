import type { Envelope, Route } from '@kombu/core/spi';
import { LimitExceededError } from '@kombu/core/spi';
import {
  basicClass,
  basicPublish,
  frameBody,
  frameEnd,
  frameHeader,
  frameMethod,
  frameOverheadBytes,
} from './methods.ts';
import { writeProperties } from './properties-writer.ts';
import type { WriteBuffer } from './write-buffer.ts';

/** Writes the frames of published messages on one channel. */
export class PublishWriter {
  readonly #channel: number;
  readonly #maxPayloadBytes: number;
  /** The method frame of the last route: publishers tend to stay with theirs. */
  #lastFrame: Buffer = Buffer.alloc(0);
  #lastRoute: Pick<Route, 'exchange' | 'routingKey' | 'mandatory'> | undefined;

  /** @param frameMax - The largest frame that was agreed on, in bytes. */
  constructor(channel: number, frameMax: number) {
    this.#channel = channel;
    this.#maxPayloadBytes = frameMax - frameOverheadBytes;
  }

  /**
   * Appends one message. When it throws, nothing was appended.
   *
   * @throws InvalidArgumentError or EncodeError for what AMQP cannot carry, LimitExceededError for headers beyond one frame.
   */
  write(out: WriteBuffer, envelope: Envelope, route: Route): void {
    const mark = out.size;
    try {
      this.#writeMethod(out, route);
      this.#writeHeader(out, envelope);
      this.#writeBody(out, envelope.body);
    } catch (error) {
      out.truncate(mark);
      throw error;
    }
  }

  #writeMethod(out: WriteBuffer, route: Route): void {
    const last = this.#lastRoute;
    const isSame =
      last?.exchange === route.exchange && last.routingKey === route.routingKey && last.mandatory === route.mandatory;
    if (!isSame) this.#prepareMethod(out, route);
    out.raw(this.#lastFrame);
  }

  #prepareMethod(out: WriteBuffer, route: Route): void {
    const mark = out.size;
    const length = this.#openFrame(out, frameMethod);
    out.uint32(basicPublish);
    out.uint16(0);
    out.shortString(route.exchange, 'The name of an exchange');
    out.shortString(route.routingKey, 'A routing key');
    out.uint8(route.mandatory ? 1 : 0);
    this.#closeFrame(out, length);
    const written = out.bytes.subarray(out.at - (out.size - mark), out.at);
    this.#lastFrame = Buffer.from(written);
    this.#lastRoute = { exchange: route.exchange, routingKey: route.routingKey, mandatory: route.mandatory };
    out.truncate(mark);
  }

  #writeHeader(out: WriteBuffer, envelope: Envelope): void {
    const length = this.#openFrame(out, frameHeader);
    out.uint16(basicClass);
    out.uint16(0);
    out.uint64(envelope.body.length);
    writeProperties(out, envelope);
    // The broker would close the connection.
    const size = out.size - length;
    if (size > this.#maxPayloadBytes) {
      throw new LimitExceededError(
        `The headers and properties of a message take ${size} bytes; a frame, which cannot be larger on this connection, holds ${this.#maxPayloadBytes}`,
      );
    }
    this.#closeFrame(out, length);
  }

  #writeBody(out: WriteBuffer, body: Buffer): void {
    for (let start = 0; start < body.length; start += this.#maxPayloadBytes) {
      const end = Math.min(body.length, start + this.#maxPayloadBytes);
      const length = this.#openFrame(out, frameBody);
      out.raw(start === 0 && end === body.length ? body : body.subarray(start, end));
      this.#closeFrame(out, length);
    }
  }

  #openFrame(out: WriteBuffer, type: number): number {
    out.uint8(type);
    out.uint16(this.#channel);
    return out.openLength();
  }

  #closeFrame(out: WriteBuffer, length: number): void {
    out.fillLength(length);
    out.uint8(frameEnd);
  }
}
