/**
 * Importing this module registers YAML in the default registry.
 *
 * @module
 */
import { serializers } from '@kombu/core';
import { yamlSerializer } from './yaml-serializer.ts';

serializers.register(yamlSerializer);
