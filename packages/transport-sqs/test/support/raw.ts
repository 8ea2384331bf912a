import {
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ReceiveMessageCommand,
  SQSClient,
  SendMessageCommand,
  type Message,
  type SendMessageCommandInput,
} from '@aws-sdk/client-sqs';

/** A client that knows nothing of this library, as a peer has one. */
export class RawSqs {
  readonly client: SQSClient;

  constructor(url: string) {
    const { host } = new URL(url.replace(/^sqs:/, 'http:'));
    const credentials = { accessKeyId: 'key', secretAccessKey: 'secret' };
    this.client = new SQSClient({ region: 'us-east-1', endpoint: `http://${host}`, credentials });
  }

  async send(name: string, body: string, more: Partial<SendMessageCommandInput> = {}): Promise<void> {
    await this.client.send(new SendMessageCommand({ QueueUrl: await this.urlOf(name), MessageBody: body, ...more }));
  }

  /** With all attributes. */
  async receive(name: string): Promise<readonly Message[]> {
    const { Messages = [] } = await this.client.send(
      new ReceiveMessageCommand({
        QueueUrl: await this.urlOf(name),
        MaxNumberOfMessages: 10,
        MessageSystemAttributeNames: ['All'],
        MessageAttributeNames: ['All'],
      }),
    );
    return Messages;
  }

  /** How many messages are ready, and how many are out. */
  async census(name: string): Promise<{ readonly ready: number; readonly leased: number }> {
    const AttributeNames = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'] as const;
    const command = new GetQueueAttributesCommand({
      QueueUrl: await this.urlOf(name),
      AttributeNames: [...AttributeNames],
    });
    const { Attributes } = await this.client.send(command);
    const [ready, leased] = AttributeNames.map((attribute) => Number(Attributes?.[attribute]));
    return { ready: ready ?? 0, leased: leased ?? 0 };
  }

  async urlOf(name: string): Promise<string> {
    return (await this.client.send(new GetQueueUrlCommand({ QueueName: name }))).QueueUrl ?? '';
  }
}
