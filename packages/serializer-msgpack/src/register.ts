/**
 * Importing this module registers MessagePack in the default registry.
 *
 * @module
 */
import { serializers } from '@kombu/core';
import { msgpackSerializer } from './msgpack-serializer.ts';

serializers.register(msgpackSerializer);
