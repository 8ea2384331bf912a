/**
 * YAML for `@kombu/core`, as PyYAML reads and writes it.
 *
 * @module
 */
export { yamlSerializer } from './yaml-serializer.ts';
