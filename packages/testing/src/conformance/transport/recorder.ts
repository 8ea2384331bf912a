import type { ChannelEvents, Delivery, ReturnedMessage } from '@kombu/core/spi';

/** Keeps what a channel tells its owner. */
export class Recorder implements ChannelEvents {
  readonly deliveries: Delivery[] = [];
  readonly returns: ReturnedMessage[] = [];
  readonly cancels: { readonly consumerTag: string; readonly reason: Error | undefined }[] = [];
  readonly ends: { readonly error: Error | undefined }[] = [];
  /** What `flow` said, in order. */
  readonly blocked: boolean[] = [];
  /** What the case wants to do right when a delivery comes in; it must not throw. */
  onDelivery: ((delivery: Delivery) => void) | undefined;

  delivery(delivery: Delivery): void {
    this.deliveries.push(delivery);
    this.onDelivery?.(delivery);
  }

  returned(message: ReturnedMessage): void {
    this.returns.push(message);
  }

  cancelled(consumerTag: string, reason?: Error): void {
    this.cancels.push({ consumerTag, reason });
  }

  flow(blocked: boolean): void {
    this.blocked.push(blocked);
  }

  closed(error?: Error): void {
    this.ends.push({ error });
  }
}
