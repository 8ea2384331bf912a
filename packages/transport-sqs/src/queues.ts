import {
  CreateQueueCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  type QueueAttributeName,
} from '@aws-sdk/client-sqs';
import { InvalidArgumentError, NotFoundError, type Logger } from '@kombu/core/spi';
import type { Calls } from './calls.ts';
import { classify } from './classify.ts';
import { seconds } from './limits.ts';
import type { SqsOptions } from './options.ts';
import type { PredefinedQueue } from './predefined-queues.ts';
import { fifoSuffix, sqsNameOf } from './queue-name.ts';

/** A queue that SQS has. */
export interface SqsQueue {
  readonly url: string;
  readonly isFifo: boolean;
  readonly backoffPolicy?: PredefinedQueue['backoffPolicy'];
}

export interface QueuesParts {
  readonly calls: Calls;
  readonly options: SqsOptions;
  readonly logger: Logger;
}

/** Reply queues have a new name each time. */
const rememberedQueues = 10_000;

/** Which queues there are, and what they are called. */
export class Queues {
  readonly #parts: QueuesParts;
  readonly #known = new Map<string, Promise<SqsQueue | undefined>>();
  /** Which queue of this process has a name in SQS: two that differ in punctuation only would be one. */
  readonly #owners = new Map<string, string>();

  constructor(parts: QueuesParts) {
    this.#parts = parts;
  }

  /** Undefined when there is no such queue. What was found is believed until somebody calls `forget`. */
  find(queue: string): Promise<SqsQueue | undefined> {
    const known = this.#known.get(queue);
    if (known) return known;
    const looking = this.#look(queue);
    this.#remember(queue, looking);
    return looking;
  }

  /** As `find`, and rejects with NOT_FOUND instead. */
  async get(queue: string): Promise<SqsQueue> {
    const found = await this.find(queue);
    if (found) return found;
    throw new NotFoundError(`SQS has no queue ${JSON.stringify(queue)} (${this.#nameOf(queue)}): declare it first`);
  }

  /** Asks again whether there is such a queue. */
  async exists(queue: string): Promise<boolean> {
    this.forget(queue);
    return (await this.find(queue)) !== undefined;
  }

  async declare(queue: string): Promise<void> {
    if (await this.exists(queue)) return;
    const { predefinedQueues, createQueues } = this.#parts.options;
    if (predefinedQueues || !createQueues) {
      const option = predefinedQueues ? 'predefinedQueues does not name it' : 'createQueues forbids to make it';
      throw new NotFoundError(`SQS has no queue ${JSON.stringify(queue)} (${this.#nameOf(queue)}), and ${option}`);
    }
    const creating = this.#create(queue);
    this.#remember(queue, creating);
    await creating;
  }

  async delete(queue: string): Promise<void> {
    const { calls, options, logger } = this.#parts;
    if (options.predefinedQueues) {
      logger.warn(`The queue ${JSON.stringify(queue)} is predefined and was not deleted`);
      return;
    }
    const found = await this.find(queue);
    this.forget(queue);
    this.#owners.delete(this.#nameOf(queue));
    if (!found) return;
    const command = new DeleteQueueCommand({ QueueUrl: found.url });
    await calls
      .run('DeleteQueue', (abortSignal) => calls.client.send(command, { abortSignal }))
      .catch(unless('NOT_FOUND'));
  }

  forget(queue: string): void {
    this.#known.delete(queue);
  }

  #remember(queue: string, looking: Promise<SqsQueue | undefined>): void {
    if (this.#known.size >= rememberedQueues) this.#known.clear();
    this.#known.set(queue, looking);
    const forget = (): void => {
      if (this.#known.get(queue) === looking) this.#known.delete(queue);
    };
    looking.then((found) => found ?? forget(), forget);
  }

  async #look(queue: string): Promise<SqsQueue | undefined> {
    const { calls, options } = this.#parts;
    const name = this.#nameOf(queue);
    const isFifo = name.endsWith(fifoSuffix);
    if (options.predefinedQueues) {
      const predefined = options.predefinedQueues.get(queue) ?? options.predefinedQueues.get(name);
      return predefined && { ...predefined, isFifo };
    }
    this.#claimName(name, queue);
    const command = new GetQueueUrlCommand({ QueueName: name });
    const found = await calls
      .run('GetQueueUrl', (abortSignal) => calls.client.send(command, { abortSignal }))
      .catch(unless('NOT_FOUND'));
    return found?.QueueUrl === undefined ? undefined : { url: found.QueueUrl, isFifo };
  }

  async #create(queue: string): Promise<SqsQueue> {
    const { calls, options } = this.#parts;
    const name = this.#nameOf(queue);
    const isFifo = name.endsWith(fifoSuffix);
    const command = new CreateQueueCommand({
      QueueName: name,
      Attributes: {
        VisibilityTimeout: String(seconds(options.visibilityTimeout)),
        ...(isFifo && { FifoQueue: 'true' }),
        ...(await this.#redrive(queue)),
        ...options.sqsCreationAttributes,
      },
      ...(Object.keys(options.queueTags).length > 0 && { tags: options.queueTags }),
    });
    const made = await calls
      .run('CreateQueue', (abortSignal) => calls.client.send(command, { abortSignal }))
      // Somebody was faster, and has other attributes.
      .catch(unless('PRECONDITION_FAILED'));
    if (made?.QueueUrl !== undefined) return { url: made.QueueUrl, isFifo };
    this.forget(queue);
    return this.get(queue);
  }

  async #redrive(queue: string): Promise<Partial<Record<QueueAttributeName, string>>> {
    const { calls, options } = this.#parts;
    const { deadLetter } = options;
    if (!deadLetter || deadLetter.queue === queue) return {};
    const { url } = await this.get(deadLetter.queue);
    const command = new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['QueueArn'] });
    const { Attributes } = await calls.run('GetQueueAttributes', (abortSignal) =>
      calls.client.send(command, { abortSignal }),
    );
    const { maxReceiveCount } = deadLetter;
    return { RedrivePolicy: JSON.stringify({ deadLetterTargetArn: Attributes?.QueueArn, maxReceiveCount }) };
  }

  #nameOf(queue: string): string {
    return sqsNameOf(queue, this.#parts.options.queueNamePrefix);
  }

  #claimName(name: string, queue: string): void {
    const owner = this.#owners.get(name) ?? queue;
    if (owner !== queue) {
      throw new InvalidArgumentError(
        `The queues ${JSON.stringify(owner)} and ${JSON.stringify(queue)} would both be ${name} in SQS, which knows no punctuation but "-" and "_": give one of them another name`,
      );
    }
    if (this.#owners.size >= rememberedQueues) this.#owners.clear();
    this.#owners.set(name, queue);
  }
}

/** For `catch`: undefined for errors with this meaning, which are no surprise. */
function unless(code: string): (error: unknown) => undefined {
  return (error) => {
    if (classify(error) !== code) throw error;
  };
}
