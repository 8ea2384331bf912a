import type { Delivery, Envelope, MessageProperties } from '@kombu/core/spi';

/** An envelope of text or bytes. */
export function envelopeOf(body: string | Buffer, parts: Partial<Envelope> = {}): Envelope {
  const isText = typeof body === 'string';
  return {
    body: isText ? Buffer.from(body, 'utf8') : body,
    contentType: isText ? 'text/plain' : 'application/octet-stream',
    contentEncoding: isText ? 'utf-8' : 'binary',
    headers: {},
    properties: { deliveryMode: 2 },
    ...parts,
  };
}

/** An envelope with these properties beside the usual ones. */
export function withProperties(body: string | Buffer, properties: MessageProperties): Envelope {
  return envelopeOf(body, { properties: { deliveryMode: 2, ...properties } });
}

/** The body of a delivery as text. */
export function textOf(delivery: Delivery): string {
  return delivery.envelope.body.toString('utf8');
}

/** `prefix0` to `prefix<n-1>`. */
export function numbered(prefix: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}${index}`);
}
