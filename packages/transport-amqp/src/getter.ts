import type { Delivery } from '@kombu/core/spi';
import type { ReplyFrame } from './client.ts';
import type { ChannelLife } from './channel-life.ts';
import { makeDelivery } from './delivery.ts';
import type { Settlements } from './settlements.ts';
import type { ContentReader, DeliverFields } from './wire/content-reader.ts';
import { basicGet, basicGetOk } from './wire/methods.ts';

type Got = Delivery & { readonly messageCount?: number };
type GetOkFields = Omit<DeliverFields, 'consumerTag'> & { readonly messageCount: number };

/** Asks for one message. The answer's content comes past amqplib, like that of deliveries. */
export class Getter {
  readonly #life: ChannelLife;
  readonly #reader: ContentReader;
  readonly #settlements: Settlements;
  /** Who waits for the content that has been announced: the channel may end in between. */
  #waiting: ((error: Error) => void) | undefined;

  constructor(life: ChannelLife, reader: ContentReader, settlements: Settlements) {
    this.#life = life;
    this.#reader = reader;
    this.#settlements = settlements;
    void life.ended.then(() => this.#waiting?.(new Error('Channel ended before a message was complete')));
  }

  get(queue: string, noAck: boolean): Promise<Got | undefined> {
    return this.#life.call(
      (inner) =>
        new Promise((resolve, reject) => {
          inner.sendOrEnqueue(basicGet, { queue, noAck, ticket: 0 }, (error, frame) => {
            if (error !== null) reject('fields' in error ? refusalOf(error) : error);
            else if (frame?.id !== basicGetOk) resolve(undefined);
            else this.#expect(frame.fields as unknown as GetOkFields, { queue, noAck }, resolve, reject);
          });
        }),
    );
  }

  #expect(
    fields: GetOkFields,
    { queue, noAck }: { readonly queue: string; readonly noAck: boolean },
    resolve: (got: Got) => void,
    reject: (error: Error) => void,
  ): void {
    this.#waiting = reject;
    this.#reader.expect((header, body) => {
      this.#waiting = undefined;
      this.#settlements.add(fields.deliveryTag, noAck ? undefined : { unsettled: 0 });
      resolve({
        ...makeDelivery(fields, { queue }, header, body, this.#life.socket.texts),
        messageCount: fields.messageCount,
      });
    });
  }
}

/** The frame with which the broker closed the channel, as the error that amqplib makes of it elsewhere. */
export function refusalOf({ fields }: ReplyFrame): Error {
  const { replyCode, replyText, classId, methodId } = fields;
  const isOurs = (Number(classId) << 16) + Number(methodId) === basicGet;
  const what = isOurs ? 'Operation failed: BasicGet' : 'Channel closed by server';
  const error = new Error(`${what}; ${String(replyCode)} with message "${String(replyText)}"`);
  return Object.assign(error, { code: replyCode, classId, methodId });
}
