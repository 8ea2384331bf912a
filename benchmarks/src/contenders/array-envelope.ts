import { randomUUID } from 'node:crypto';
import type { Body } from '../bodies.ts';
import type { Contender } from '../contender.ts';
import { loop } from '../contender.ts';

/** Messages in flight at a time. */
const window = 1000;

interface Envelope {
  readonly body: string;
  readonly properties: { readonly delivery_tag: string };
}

/** The limit for Kombu's work in memory: its envelope as JSON text with a base64 body, a map of unacked messages, and acks. */
export function arrayEnvelope({ value }: Body): Contender {
  const queue: string[] = [];
  const unacked = new Map<string, string>();
  let acked = 0;

  const publish = (body: unknown): void => {
    const base64 = Buffer.from(JSON.stringify(body), 'utf8').toString('base64');
    queue.push(
      `{"body":"${base64}","content-encoding":"utf-8","content-type":"application/json","headers":{},` +
        '"properties":{"delivery_mode":2,"delivery_info":{"exchange":"","routing_key":"bench"},"priority":0,' +
        `"body_encoding":"base64","delivery_tag":"${randomUUID()}"}}`,
    );
  };
  const ack = (tag: string): void => {
    if (unacked.delete(tag)) acked += 1;
  };
  const handle = (body: unknown, tag: string): void => {
    if (typeof body === 'object') ack(tag);
  };
  const deliver = (text: string): void => {
    const { body, properties } = JSON.parse(text) as Envelope;
    unacked.set(properties.delivery_tag, text);
    handle(JSON.parse(Buffer.from(body, 'base64').toString('utf8')), properties.delivery_tag);
  };

  return loop('envelope, unacked map, ack', (count) => {
    acked = 0;
    for (let left = count; left > 0; left -= window) {
      for (let index = Math.min(window, left); index > 0; index -= 1) publish(value);
      for (const text of queue) deliver(text);
      queue.length = 0;
    }
    if (acked !== count || unacked.size > 0) throw new Error(`acked ${acked} of ${count}`);
  });
}
