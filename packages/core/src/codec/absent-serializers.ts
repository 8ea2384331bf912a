import { ContentDisallowedError, SerializerNotInstalledError } from '../errors.ts';

/** A serializer that Kombu has and this package does not bring. */
export interface AbsentSerializer {
  readonly name: string;
  readonly contentType: string;
  /** The error for an attempt to use it. */
  refuse(): SerializerNotInstalledError;
}

const notInstalled = (name: string, contentType: string): AbsentSerializer => ({
  name,
  contentType,
  refuse: () =>
    new SerializerNotInstalledError(
      `The serializer ${name} (${contentType}) is not installed: npm install @kombu/serializer-${name}, then import '@kombu/serializer-${name}/register' or serializers.register() it.`,
    ),
});

/** Pickle is refused in both directions, whoever accepts or registers it. */
export const pickle: AbsentSerializer = {
  name: 'pickle',
  contentType: 'application/x-python-serialize',
  refuse: () =>
    new ContentDisallowedError(
      'Refusing pickle (application/x-python-serialize): reading it executes code that the sender chose, so this library ' +
        "neither reads nor writes it, accepted or not. Publish with serializer='json' (Celery: task_serializer and " +
        "result_serializer = 'json').",
    ),
};

/** Known by name and content type, and disabled, until one is registered in their place. */
export const absentSerializers: readonly AbsentSerializer[] = [
  notInstalled('yaml', 'application/x-yaml'),
  notInstalled('msgpack', 'application/x-msgpack'),
  pickle,
];

/** The absent serializer of this name or content type. */
export function findAbsent(nameOrType: string): AbsentSerializer | undefined {
  return absentSerializers.find(({ name, contentType }) => name === nameOrType || contentType === nameOrType);
}
