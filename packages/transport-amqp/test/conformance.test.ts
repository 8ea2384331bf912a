import { registerConformance, transportConformance, transportHarness } from '@kombu/testing';
import { amqpTransport } from '../src/index.ts';
import { TestBroker } from './support/broker.ts';

let broker: TestBroker | undefined;

registerConformance(
  { describe, it, beforeAll, afterAll },
  transportConformance,
  transportHarness({
    name: 'amqp',
    transport: amqpTransport,
    url: () => broker?.url ?? '',
    unreachableUrl: 'amqp://127.0.0.1:1//',
    setUp: async () => {
      broker = await TestBroker.open();
    },
    tearDown: async () => {
      await broker?.close();
    },
  }),
);
