import type { Envelope } from '@kombu/core/spi';
import type { Defect } from './plant.ts';
import { plant } from './plant.ts';

/** Changes each envelope on its way in. */
const onPublish = (change: (envelope: Envelope) => Partial<Envelope>): Defect['transport'] =>
  plant({
    channel: ({ channel }) => ({
      publish: (envelope, route) => channel.publish({ ...envelope, ...change(envelope) }, route),
    }),
  });

const onHeaders = (change: (name: string, value: unknown) => readonly [string, unknown]): Defect['transport'] =>
  onPublish(({ headers }) => ({
    headers: Object.fromEntries<unknown>(Object.entries(headers).map(([name, value]) => change(name, value))),
  }));

/** Faults in what headers and properties may hold. */
export const valueDefects: readonly Defect[] = [
  {
    name: 'integers are cut to 32 bits',
    caughtBy: 'values/numbers',
    transport: onHeaders((name, value) => [name, Number.isInteger(value) ? Math.trunc(value as number) | 0 : value]),
  },
  {
    name: 'numbers are of single precision',
    caughtBy: 'values/numbers',
    transport: onHeaders((name, value) => [name, typeof value === 'number' ? Math.fround(value) : value]),
  },
  {
    name: 'what is not finite becomes null',
    caughtBy: 'values/numbers',
    transport: onHeaders((name, value) => [name, typeof value === 'number' && !Number.isFinite(value) ? null : value]),
  },
  {
    name: 'lists and objects in headers take a detour through plain JSON',
    caughtBy: 'values/nested',
    transport: onHeaders((name, value) => [
      name,
      Buffer.isBuffer(value) || value instanceof Date ? value : (JSON.parse(JSON.stringify(value)) as unknown),
    ]),
  },
  {
    name: 'dates become numbers',
    caughtBy: 'values/milliseconds',
    transport: onHeaders((name, value) => [name, value instanceof Date ? value.getTime() : value]),
  },
  {
    name: 'names of headers are trimmed to ASCII',
    caughtBy: 'values/text',
    transport: onHeaders((name, value) => [name.replaceAll(/[^\x20-\x7e]/g, ''), value]),
  },
  {
    name: 'properties are cut at 127 bytes',
    caughtBy: 'values/properties',
    transport: onPublish(({ properties }) => ({
      properties: { ...properties, ...(properties.messageId && { messageId: properties.messageId.slice(0, 127) }) },
    })),
  },
  {
    name: 'every message becomes persistent',
    caughtBy: 'values/properties',
    transport: onPublish(({ properties }) => ({ properties: { ...properties, deliveryMode: 2 } })),
  },
  {
    name: 'a body that fills its last page loses a byte',
    caughtBy: 'messages/body-sizes',
    transport: onPublish(({ body }) => ({ body: body.length % 4096 === 0 ? body.subarray(0, -1) : body })),
  },
];
