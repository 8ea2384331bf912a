/** What a command of Redis takes. */
export type Argument = string | number | Buffer;

/** The part of an ioredis client that is called here. Replies come as text from `call`, as bytes from `callBuffer`. */
export interface RedisClient {
  connect(): Promise<void>;
  disconnect(): void;
  call(command: string, args: readonly Argument[]): Promise<unknown>;
  callBuffer(command: string, args: readonly Argument[]): Promise<unknown>;
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'end', listener: () => void): unknown;
  /** `message` is a list of keys on the channel of invalidations, and null there when all keys are gone. */
  on(event: 'messageBuffer', listener: (channel: Buffer, message: Buffer | Buffer[] | null) => void): unknown;
  on(event: 'pmessageBuffer', listener: (pattern: string, channel: Buffer, message: Buffer) => void): unknown;
}
