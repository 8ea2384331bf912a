import type { Body } from '../bodies.ts';
import type { Contender } from '../contender.ts';
import type { CoreInternals } from '../core-internals.ts';
import { coreInternals } from '../core-internals.ts';

type Serializers = InstanceType<CoreInternals['SerializerRegistry']>;

/** The `json` serializer, by way of the registry, as producers and consumers use it. */
export const kombuJson = {
  writing: ({ value }: Body): Contender =>
    withSerializers(() => (serializers) => {
      if (serializers.dumps(value).body.length === 0) throw new Error('nothing was written');
    }),
  reading: ({ value }: Body): Contender =>
    withSerializers((serializers) => {
      const { body, contentType, contentEncoding } = serializers.dumps(value);
      return () => {
        if (typeof serializers.loads(body, contentType, contentEncoding) !== 'object') {
          throw new Error('nothing was read');
        }
      };
    }),
};

function withSerializers(prepare: (serializers: Serializers) => (serializers: Serializers) => void): Contender {
  let serializers: Serializers;
  let once: (serializers: Serializers) => void;
  return {
    name: '@kombu/core json',
    async setup() {
      serializers = new (await coreInternals()).SerializerRegistry();
      once = prepare(serializers);
    },
    async run(count) {
      for (let index = 0; index < count; index += 1) once(serializers);
    },
    async teardown() {},
  };
}
